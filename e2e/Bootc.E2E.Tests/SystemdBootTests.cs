// A host with systemd-boot and a root on xfs lives its life: it updates itself over the network, goes back and forth, and survives a broken image.
namespace Bootc.E2E.Tests;

public sealed class SystemdBootTests
{
    [Fact]
    public void AHostUpdatesItselfGoesBackAndForthAndSurvivesABrokenImage()
    {
        InstalledHost.Require();
        using InstalledDisk installed = InstalledDisk.Install("bootc/example:v1", "--bootloader", "systemd", "--filesystem", "xfs");
        using Guest guest = installed.Start("host-systemd-boot.log", uefi: true);
        InstalledHost.AssertUpdates(guest, "xfs");

        guest.Run("bootc rollback").Succeeded();
        guest.RebootUntil(InstalledHost.IsBooted("v1"), "v1 boots again", InstalledHost.SeveralBoots);

        // libostree writes entries in /boot alone, and the EFI system partition follows: at once, or when the host goes down.
        InstalledHost.AssertFollowsLibostree(guest);
        guest.Run("ostree admin set-default 1").Succeeded();
        guest.RebootUntil(InstalledHost.IsBooted("v2"), "v2 boots again", InstalledHost.SeveralBoots);

        // An image that fails its check: it comes back by itself, and says why.
        InstalledHost.AssertReturnsFrom(guest, "unhealthy", "check 50-fails failed");
        guest.PowerOff();
    }
}
