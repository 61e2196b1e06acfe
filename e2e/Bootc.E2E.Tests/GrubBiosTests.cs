// A host with GRUB on BIOS and a root on xfs updates itself, and survives a kernel that panics.
namespace Bootc.E2E.Tests;

public sealed class GrubBiosTests
{
    [Fact]
    public void AHostUpdatesItselfAndSurvivesAKernelThatPanics()
    {
        InstalledHost.Require();
        using InstalledDisk installed = InstalledDisk.Install("bootc/example:v1", "--bootloader", "grub", "--filesystem", "xfs", "--karg", GuestOptions.WithoutSealing);
        using Guest guest = installed.Start("host-grub-bios.log", uefi: false);
        InstalledHost.AssertUpdates(guest, "xfs");
        InstalledHost.AssertReturnsFrom(guest, "panics", "did not come up in 3 boots");
        guest.PowerOff();
    }
}
