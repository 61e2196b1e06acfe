// The power fails while a host updates itself: it boots the old system or the new one whole, and goes on from there.
using Bootc.Testing;

namespace Bootc.E2E.Tests;

public sealed class PowerCutTests
{
    private static readonly TimeSpan OneBoot = TimeSpan.FromMinutes(8);

    [Fact]
    public void AHostBootsTheOldSystemOrTheNewOneWhole()
    {
        DirectBoot.Require();
        UefiFirmware.Require();
        Peer.Require("mkfs.vfat", "sfdisk");
        using InstalledDisk installed = InstalledDisk.Install("bootc/example:v1", "--bootloader", "systemd");
        Guest guest = installed.Start("power-cut.log", uefi: true);
        try
        {
            guest.WaitUntilBooted();
            InstalledDisk.TrustRegistry(guest);
            guest.Run("sync").Succeeded();
            foreach ((string when, Action<Guest> reach) in Moments)
            {
                guest.WaitForNetwork();
                reach(guest);
                guest.Kill();
                guest.Dispose();
                guest = installed.Start($"after-power-cut-{when}.log", uefi: true);
                guest.WaitUntilBooted();
                if (when == Moments[0].When)
                {
                    StopSealing(guest);
                }

                AssertIsWhole(guest);
            }

            guest.PowerOff();
        }
        finally
        {
            guest.Dispose();
        }
    }

    // Each is reached by watching what the program makes.
    private static (string When, Action<Guest> Reach)[] Moments =>
    [
        ("download", guest => guest.RunUntil(Switch(guest), "ls /sysroot/ostree/repo/tmp | grep -q staging")),
        ("staging", guest => guest.RunUntil(Switch(guest), $"test {InstalledHost.CountOfDeployments} -gt $before", $"before={InstalledHost.CountOfDeployments}")),
        ("finalization", guest =>
        {
            guest.Run(Switch(guest), OneBoot).Succeeded();
            guest.Begin("systemctl reboot");
            guest.WaitForConsole("Stopping bootc-finalize-staged", OneBoot);
        }),
        ("swap", guest =>
        {
            guest.Run(Switch(guest), OneBoot).Succeeded();
            guest.RunUntil("bootc internals finalize-staged", "[ $(readlink /sysroot/boot/loader) != $link ]", "link=$(readlink /sysroot/boot/loader)");
        }),
    ];

    // The first update, and the boot after it, had to do with a store that is being sealed. An emulated processor would be busy
    // with that through all the others. As 'systemctl mask', without what that does besides.
    private static void StopSealing(Guest guest) =>
        guest.Run("ln -s /dev/null /etc/systemd/system/bootc-seal.service && sync && systemctl stop bootc-seal.service").Succeeded();

    private static void AssertIsWhole(Guest guest)
    {
        string version = guest.Run("cat /usr/share/example/version").Succeeded().Trim();
        Assert.Contains(version, new[] { "version 1", "version 2" });
        Assert.Contains(version == "version 1" ? "example:v1" : "example:v2", guest.Run("bootc status --format json").Succeeded(), StringComparison.Ordinal);
        InstalledHost.AssertWhole(guest);
    }

    // To the image that does not run.
    private static string Switch(Guest guest)
    {
        string tag = guest.Run("cat /usr/share/example/version").Succeeded().Contains("version 1", StringComparison.Ordinal) ? "v2" : "v1";
        return $"bootc switch --quiet {DirectBoot.GuestRegistry}/bootc/example:{tag}";
    }
}
