// A host with GRUB on UEFI and a root on xfs updates itself, and survives a kernel that panics.
namespace Bootc.E2E.Tests;

public sealed class GrubUefiTests
{
    [Fact]
    public void AHostUpdatesItselfAndSurvivesAKernelThatPanics() => InstalledHost.AssertLivesWithGrub("xfs", uefi: true);
}
