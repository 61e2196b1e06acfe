// What this project deploys and seals boots by libostree's own program in the initramfs as well.
using System.Text.Json;

namespace Bootc.E2E.Tests;

public sealed class LibostreeBootTests
{
    private const string Image = "bootc/example:libostree";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(15);

    [Fact]
    public void ADeploymentBootsByLibostreesProgramAndIsSealedForIt()
    {
        DirectBoot.Require(Image);
        using DirectBoot boot = DirectBoot.Create(Image);
        using (Guest guest = boot.Start("libostree-first.log"))
        {
            guest.WaitUntilBooted(Patience);
            AssertBooted(guest);
            guest.Run("while bootc status --format human | grep -E 'Store: (not|being) sealed'; do sleep 5; done", Patience).Succeeded();
            guest.PowerOff();
        }

        using (Guest guest = boot.Start("libostree-sealed.log", configuration: "[composefs]\nenabled=verity\n"))
        {
            guest.WaitUntilBooted(Patience);
            AssertBooted(guest);
            Assert.Contains("verity=require", guest.Run("findmnt -n -o OPTIONS /").Succeeded(), StringComparison.Ordinal);
            Assert.Contains("Store: sealed", guest.Run("bootc status --format human").Succeeded(), StringComparison.Ordinal);
            Assert.DoesNotContain("failed", guest.Run("systemctl --failed --no-legend --plain | cat").Output, StringComparison.Ordinal);
            guest.PowerOff();
        }
    }

    private static void AssertBooted(Guest guest)
    {
        Assert.Contains("composefs: mounted successfully", guest.Run("journalctl -b -o cat -u ostree-prepare-root.service").Succeeded(), StringComparison.Ordinal);
        Assert.Equal("overlay", guest.Run("findmnt -n -o FSTYPE /").Succeeded().Trim());
        using var status = JsonDocument.Parse(guest.Run("bootc status --json").Succeeded());
        JsonElement booted = status.RootElement.GetProperty("status").GetProperty("booted");
        string commit = booted.GetProperty("ostree").GetProperty("checksum").GetString()!;
        Assert.Contains($"* default {commit}.0", guest.Run("ostree admin status").Succeeded(), StringComparison.Ordinal);
    }
}
