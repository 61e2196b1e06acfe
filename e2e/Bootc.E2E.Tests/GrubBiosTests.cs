// A host with GRUB on BIOS updates itself, and survives a kernel that panics.
namespace Bootc.E2E.Tests;

public sealed class GrubBiosTests
{
    [Fact]
    public void AHostUpdatesItselfAndSurvivesAKernelThatPanics() => InstalledHost.AssertLivesWithGrub("ext4", uefi: false);
}
