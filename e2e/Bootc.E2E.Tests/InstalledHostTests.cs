// An installed host lives its life: it updates itself over the network, goes back and forth, and survives broken images.
using System.Text.Json;
using Bootc.Testing;

namespace Bootc.E2E.Tests;

[Collection(Machines.Collection)]
public sealed class InstalledHostTests
{
    private static readonly TimeSpan SeveralBoots = TimeSpan.FromMinutes(15);

    [Fact]
    public void AHostUpdatesItselfGoesBackAndForthAndSurvivesBrokenImages()
    {
        Require();
        using InstalledDisk installed = InstalledDisk.Install("bootc/example:v1", "--bootloader", "systemd");
        using Guest guest = installed.Start("host-systemd-ext4-uefi.log", uefi: true);
        AssertUpdates(guest, "ext4");

        guest.Run("bootc rollback").Succeeded();
        guest.RebootUntil(IsBooted("v1"), "v1 boots again", SeveralBoots);
        guest.Run("bootc rollback").Succeeded();
        guest.RebootUntil(IsBooted("v2"), "v2 boots again", SeveralBoots);

        // An image that fails its check, and one whose kernel panics: it comes back by itself, and says why.
        AssertReturnsFrom(guest, "unhealthy", "check 50-fails failed");
        AssertReturnsFrom(guest, "panics", "did not come up in 3 boots");
        guest.PowerOff();
    }

    [Theory]
    [InlineData("xfs", true)]
    [InlineData("ext4", false)]
    public void AHostWithGrubUpdatesItselfAndSurvivesAKernelThatPanics(string fileSystem, bool uefi)
    {
        Require();
        using InstalledDisk installed = InstalledDisk.Install("bootc/example:v1", "--bootloader", "grub", "--filesystem", fileSystem);
        using Guest guest = installed.Start($"host-grub-{fileSystem}-{(uefi ? "uefi" : "bios")}.log", uefi);
        AssertUpdates(guest, fileSystem);
        AssertReturnsFrom(guest, "panics", "did not come up in 3 boots");
        guest.PowerOff();
    }

    // From v1 to v2: its own changes stay, and what the new image dropped is gone.
    private static void AssertUpdates(Guest guest, string fileSystem)
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

    private static void Require()
    {
        DirectBoot.Require();
        UefiFirmware.Require();
        Peer.Require("mkfs.vfat", "sfdisk");
    }

    private static string IsBooted(string tag) => $"bootc status --json | grep -q '\"booted\":{{\"image\":{{\"image\":{{\"image\":\"[^\"]*:{tag}\"'";

    private static void AssertBoots(Guest guest, string tag)
    {
        using var status = JsonDocument.Parse(guest.Run("bootc status --json").Succeeded());
        JsonElement booted = status.RootElement.GetProperty("status").GetProperty("booted");
        Assert.EndsWith($"/bootc/example:{tag}", booted.GetProperty("image").GetProperty("image").GetProperty("image").GetString()!, StringComparison.Ordinal);
        string commit = booted.GetProperty("ostree").GetProperty("checksum").GetString()!;
        Assert.Contains($"* default {commit}.", guest.Run("ostree admin status").Succeeded(), StringComparison.Ordinal);
    }

    private static void AssertReturnsFrom(Guest guest, string tag, string reason)
    {
        guest.WaitUntilBooted();
        guest.WaitForNetwork();
        guest.Run($"bootc switch --quiet {DirectBoot.GuestRegistry}/bootc/example:{tag}", TimeSpan.FromMinutes(10)).Succeeded();
        guest.RebootUntil($"{IsBooted("v2")} && grep -q '{reason}' /sysroot/ostree/bootc/failed-boots", $"v2 boots after {tag} failed", SeveralBoots);
        guest.WaitUntilBooted();
        Assert.Contains(reason, guest.Run("bootc status --format human").Succeeded(), StringComparison.Ordinal);
        guest.RebootUntil(IsBooted("v2"), "v2 stays the one that boots", SeveralBoots);
    }
}
