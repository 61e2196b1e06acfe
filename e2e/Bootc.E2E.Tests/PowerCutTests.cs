// The power fails while a host updates itself: it boots the old system or the new one whole, and goes on from there.
using Bootc.Testing;

namespace Bootc.E2E.Tests;

[Collection(Machines.Collection)]
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
        Prepare(installed);

        Cut(installed, "download", guest =>
        {
            guest.Run(Switch(guest, inBackground: true)).Succeeded();
            guest.Run("for i in $(seq 600); do if ls /sysroot/ostree/repo/tmp | grep -q staging; then exit 0; fi; sleep 0.05; done; exit 1").Succeeded();
        });
        Cut(installed, "staging", guest => guest.Run($"{Switch(guest, inBackground: true)}; for i in $(seq 1200); do if ls -d /sysroot/ostree/deploy/default/deploy/*.0 | grep -c . | grep -qx 2; then exit 0; fi; sleep 0.05; done", TimeSpan.FromMinutes(3)));
        Cut(installed, "finalization", guest =>
        {
            guest.Run(Switch(guest, inBackground: false), TimeSpan.FromMinutes(5)).Succeeded();
            guest.Send("systemctl reboot\n");
            guest.WaitForConsole("Stopping bootc-finalize-staged", OneBoot);
        });
        Cut(installed, "swap", guest =>
        {
            guest.Run(Switch(guest, inBackground: false), TimeSpan.FromMinutes(5)).Succeeded();
            guest.Run("(bootc internals finalize-staged > /dev/null 2>&1 &); for i in $(seq 1200); do if test -e /sysroot/boot/loader.0/entries/ostree-2.conf && test -e /sysroot/boot/loader.1/entries/ostree-2.conf; then exit 0; fi; sleep 0.02; done", TimeSpan.FromMinutes(3));
        });
    }

    private static void Prepare(InstalledDisk installed)
    {
        using Guest guest = installed.Start("power-cut-0.log", uefi: true);
        guest.WaitUntilBooted();
        InstalledDisk.TrustRegistry(guest);
        guest.Run("sync").Succeeded();
        guest.PowerOff();
    }

    private static void Cut(InstalledDisk installed, string when, Action<Guest> reach)
    {
        using (Guest guest = installed.Start($"power-cut-{when}.log", uefi: true))
        {
            guest.WaitUntilBooted();
            reach(guest);
            guest.Kill();
        }

        using Guest after = installed.Start($"power-cut-{when}-after.log", uefi: true);
        after.WaitUntilBooted();
        string version = after.Run("cat /usr/share/example/version").Succeeded().Trim();
        Assert.Contains(version, new[] { "version 1", "version 2" });
        Assert.Contains(version == "version 1" ? "example:v1" : "example:v2", after.Run("bootc status --format json").Succeeded(), StringComparison.Ordinal);
        after.Run("bootc internals fsck", TimeSpan.FromMinutes(5)).Succeeded();
        after.Run("ostree admin status").Succeeded();
        after.PowerOff();
    }

    // To the image that does not run.
    private static string Switch(Guest guest, bool inBackground)
    {
        string tag = guest.Run("cat /usr/share/example/version").Succeeded().Contains("version 1", StringComparison.Ordinal) ? "v2" : "v1";
        string command = $"bootc switch --quiet {DirectBoot.GuestRegistry}/bootc/example:{tag}";
        return inBackground ? $"({command} > /dev/null 2>&1 &)" : command;
    }
}
