// What is looked at on an installed host, whatever its boot loader.
using System.Text.Json;
using Bootc.Testing;

namespace Bootc.E2E.Tests;

/// <summary>Steps in the life of a host that was installed with v1 of the example.</summary>
internal static class InstalledHost
{
    /// <summary>How many deployments a guest has, for its shell.</summary>
    public const string CountOfDeployments = "$(ls /sysroot/ostree/deploy/default/deploy | wc -l)";

    /// <summary>How long a host may take until it is where it is to be.</summary>
    public static readonly TimeSpan SeveralBoots = TimeSpan.FromMinutes(15);

    /// <summary>From v1 to v2: its own changes stay, and what the new image dropped is gone.</summary>
    public static void AssertUpdates(Guest guest, string fileSystem)
    {
        guest.WaitUntilBooted();
        Assert.Equal("overlay", guest.Run("findmnt -n -o FSTYPE /").Succeeded().Trim());
        Assert.Equal(fileSystem, guest.Run("findmnt -n -o FSTYPE /sysroot").Succeeded().Trim());
        AssertBoots(guest, "v1");
        InstalledDisk.TrustRegistry(guest);
        guest.WaitForNetwork();
        guest.Run("echo local > /etc/local.conf; echo kept > /var/kept; test -e /usr/share/example/removed").Succeeded();
        guest.Run("bootc upgrade --quiet --tag v2", TimeSpan.FromMinutes(10)).Succeeded();
        guest.RebootUntil(IsBooted("v2"), "v2 boots", SeveralBoots);
        AssertBoots(guest, "v2");
        Assert.Equal("local kept", guest.Run("echo $(cat /etc/local.conf /var/kept)").Succeeded().Trim());
        Assert.NotEqual(0, guest.Run("test -e /usr/share/example/removed").ExitCode);
    }

    /// <summary>libostree writes other boot entries, and the boot loader's own files follow each time.</summary>
    public static void AssertFollowsLibostree(Guest guest)
    {
        for (int i = 0; i < 2; i++)
        {
            // It expects the sysroot to be writable, which it is not on a host that runs.
            guest.Run($"unshare -m sh -c 'mount -o remount,rw /sysroot && ostree admin instutil set-kargs --merge --append=change={i}'").Succeeded();
            guest.Run("until journalctl -b -o cat -u bootc-follow-entries.service | grep -c 'follow the boot entries now' | grep -qx " + (i + 1) + "; do sleep 1; done", TimeSpan.FromMinutes(5)).Succeeded();
        }

        Assert.Equal("The boot loader's files are in line with the boot entries", guest.Run("bootc internals follow-entries").Succeeded().Trim());
        Assert.DoesNotContain("failed", guest.Run("systemctl --failed --no-legend --plain | cat").Output, StringComparison.Ordinal);
    }

    /// <summary>Nothing in the store is damaged, and libostree sees the deployments.</summary>
    public static void AssertWhole(Guest guest)
    {
        guest.Run("bootc internals fsck", TimeSpan.FromMinutes(10)).Succeeded();
        guest.Run("ostree admin status").Succeeded();
    }

    /// <summary>Skips the test where it cannot run.</summary>
    public static void Require()
    {
        DirectBoot.Require();
        UefiFirmware.Require();
        Peer.Require("mkfs.vfat", "sfdisk");
    }

    /// <summary>A command that succeeds when the guest runs the image of that tag.</summary>
    public static string IsBooted(string tag) => $"bootc status --json | grep -q '\"booted\":{{\"image\":{{\"image\":{{\"image\":\"[^\"]*:{tag}\"'";

    /// <summary>The guest is sent a broken image, boots it in vain, and runs v2 again by itself.</summary>
    public static void AssertReturnsFrom(Guest guest, string tag, string reason)
    {
        guest.WaitUntilBooted();
        guest.WaitForNetwork();
        guest.Run($"bootc switch --quiet {DirectBoot.GuestRegistry}/bootc/example:{tag}", TimeSpan.FromMinutes(10)).Succeeded();
        guest.RebootUntil($"{IsBooted("v2")} && grep -q '{reason}' /sysroot/ostree/bootc/failed-boots", $"v2 boots after {tag} failed", SeveralBoots);
        guest.WaitUntilBooted();
        Assert.Contains(reason, guest.Run("bootc status --format human").Succeeded(), StringComparison.Ordinal);
    }

    private static void AssertBoots(Guest guest, string tag)
    {
        using var status = JsonDocument.Parse(guest.Run("bootc status --json").Succeeded());
        JsonElement booted = status.RootElement.GetProperty("status").GetProperty("booted");
        Assert.EndsWith($"/bootc/example:{tag}", booted.GetProperty("image").GetProperty("image").GetProperty("image").GetString()!, StringComparison.Ordinal);
        string commit = booted.GetProperty("ostree").GetProperty("checksum").GetString()!;
        Assert.Contains($"* default {commit}.", guest.Run("ostree admin status").Succeeded(), StringComparison.Ordinal);
    }
}
