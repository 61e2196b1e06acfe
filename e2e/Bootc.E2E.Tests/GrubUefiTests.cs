// A host with GRUB on UEFI and a root on xfs updates itself, and survives a kernel that panics.
namespace Bootc.E2E.Tests;

public sealed class GrubUefiTests
{
    [Fact]
    public void AHostUpdatesItselfAndSurvivesAKernelThatPanics()
    {
        InstalledHost.Require();
        using InstalledDisk installed = InstalledDisk.Install("bootc/example:v1", "--bootloader", "grub", "--filesystem", "xfs");
        using Guest guest = installed.Start("host-grub-xfs-uefi.log", uefi: true);
        InstalledHost.AssertUpdates(guest, "xfs");
        InstalledHost.AssertReturnsFrom(guest, "panics", "did not come up in 3 boots");
        guest.PowerOff();
    }
}
