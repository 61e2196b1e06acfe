// A deployment boots: its root is the composefs image, and bootc and libostree in it know which one it is.
using System.Text.Json;
using Bootc.Testing;

namespace Bootc.E2E.Tests;

public sealed class FirstBootTests
{
    [Fact]
    public void ADeploymentBootsWithAComposefsRoot()
    {
        DirectBoot.Require();
        using DirectBoot boot = DirectBoot.Create("bootc/example:v1");
        using Guest guest = boot.Start("first-boot.log");
        guest.WaitUntilBooted();

        Assert.Equal("overlay", guest.Run("findmnt -n -o FSTYPE /").Succeeded().Trim());
        Assert.StartsWith("composefs", guest.Run("findmnt -n -o SOURCE /").Succeeded(), StringComparison.Ordinal);
        Assert.NotEqual(0, guest.Run("touch /usr/written").ExitCode);
        Assert.NotEqual(0, guest.Run("touch /sysroot/written").ExitCode);
        Assert.Equal("", guest.Run("touch /etc/written /var/written").Succeeded());

        using var status = JsonDocument.Parse(guest.Run("bootc status --json").Succeeded());
        JsonElement booted = status.RootElement.GetProperty("status").GetProperty("booted");
        Assert.EndsWith("/bootc/example:v1", booted.GetProperty("image").GetProperty("image").GetProperty("image").GetString()!, StringComparison.Ordinal);
        string commit = booted.GetProperty("ostree").GetProperty("checksum").GetString()!;
        Assert.Contains($"* default {commit}.0", guest.Run("ostree admin status").Succeeded(), StringComparison.Ordinal);
        Assert.DoesNotContain("failed", guest.Run("systemctl --failed --no-legend --plain | cat").Output, StringComparison.Ordinal);
        guest.PowerOff();
    }
}
