// A host with systemd-boot lives its life: it updates itself over the network, goes back and forth, and survives broken images.
namespace Bootc.E2E.Tests;

public sealed class SystemdBootTests
{
    [Fact]
    public void AHostUpdatesItselfGoesBackAndForthAndSurvivesBrokenImages()
    {
        InstalledHost.Require();
        using InstalledDisk installed = InstalledDisk.Install("bootc/example:v1", "--bootloader", "systemd");
        using Guest guest = installed.Start("host-systemd-ext4-uefi.log", uefi: true);
        InstalledHost.AssertUpdates(guest, "ext4");

        guest.Run("bootc rollback").Succeeded();
        guest.RebootUntil(InstalledHost.IsBooted("v1"), "v1 boots again", InstalledHost.SeveralBoots);
        guest.Run("bootc rollback").Succeeded();
        guest.RebootUntil(InstalledHost.IsBooted("v2"), "v2 boots again", InstalledHost.SeveralBoots);

        // An image that fails its check, and one whose kernel panics: it comes back by itself, says why, and stays there.
        InstalledHost.AssertReturnsFrom(guest, "unhealthy", "check 50-fails failed");
        InstalledHost.AssertReturnsFrom(guest, "panics", "did not come up in 3 boots");
        guest.RebootUntil(InstalledHost.IsBooted("v2"), "v2 stays the one that boots", InstalledHost.SeveralBoots);
        guest.PowerOff();
    }
}
