// A deployment boots, and user space alone is restarted: into an update, back again, and with no update at all.
using System.Text.Json;
using Bootc.Testing;

namespace Bootc.E2E.Tests;

public sealed class SoftRebootTests
{
    private static readonly TimeSpan OneBoot = TimeSpan.FromMinutes(6);

    [Fact]
    public void UserSpaceAloneIsRestartedWhereKernelAndArgumentsStayTheSame()
    {
        DirectBoot.Require();
        DirectBoot.Require("bootc/example:v2");
        using DirectBoot boot = DirectBoot.Create("bootc/example:v1");
        using Guest guest = boot.Start("soft-reboot.log", GuestOptions.WithoutSealing);
        guest.WaitUntilBooted();
        AssertRootIsTheImage(guest);
        string kernel = guest.Run("cat /proc/sys/kernel/random/boot_id").Succeeded();
        InstalledDisk.TrustRegistry(guest);
        guest.WaitForNetwork();
        guest.Run("echo local > /etc/local.conf; echo kept > /var/kept").Succeeded();

        guest.Run($"bootc switch --quiet --soft-reboot=required {DirectBoot.GuestRegistry}/bootc/example:v2", TimeSpan.FromMinutes(10)).Succeeded();
        Assert.Contains("\"softRebootCapable\":true", guest.Run("bootc status --json | tr -d ' \\n'").Succeeded(), StringComparison.Ordinal);
        guest.Begin("systemctl reboot"); // systemd sees by itself that another root waits
        AssertRestarted(guest, 1, "version 2");

        // With nothing prepared, the same root starts again, with all that only the initramfs could have mounted.
        guest.Begin("systemctl soft-reboot");
        AssertRestarted(guest, 2, "version 2");

        guest.Begin("bootc rollback --apply --soft-reboot=required");
        AssertRestarted(guest, 3, "version 1");
        Assert.Equal(kernel, guest.Run("cat /proc/sys/kernel/random/boot_id").Succeeded());
        guest.PowerOff();
    }

    // bootc and libostree in it know which one it is, too.
    private static void AssertRootIsTheImage(Guest guest)
    {
        Assert.Equal("overlay", guest.Run("findmnt -n -o FSTYPE /").Succeeded().Trim());
        Assert.StartsWith("composefs", guest.Run("findmnt -n -o SOURCE /").Succeeded(), StringComparison.Ordinal);
        Assert.Equal("", guest.Run("touch /etc/written /var/written").Succeeded());
        AssertRuns(guest, "v1", serial: "0");
    }

    private static void AssertRestarted(Guest guest, int count, string version)
    {
        guest.WaitUntil($"[ $(systemctl show -P SoftRebootsCount) = {count} ] && [ \"$(cat /usr/share/example/version)\" = '{version}' ]", $"user space is restarted for the time {count}, with {version}", OneBoot);
        guest.WaitUntilBooted();
        Assert.Equal("local kept", guest.Run("echo $(cat /etc/local.conf /var/kept)").Succeeded().Trim());
        foreach (string path in new[] { "/", "/sysroot", "/etc", "/var", "/boot" })
        {
            guest.Run($"mountpoint {path}").Succeeded();
        }

        AssertRuns(guest, $"v{version[^1]}");
    }

    private static void AssertRuns(Guest guest, string tag, string serial = "")
    {
        guest.Run("touch /etc/written /var/written").Succeeded();
        Assert.NotEqual(0, guest.Run("touch /sysroot/written || touch /usr/written").ExitCode);
        Assert.Equal("", guest.Run("systemctl --failed --no-legend --plain").Output);
        using var status = JsonDocument.Parse(guest.Run("bootc status --json").Succeeded());
        JsonElement booted = status.RootElement.GetProperty("status").GetProperty("booted");
        Assert.EndsWith($"/bootc/example:{tag}", booted.GetProperty("image").GetProperty("image").GetProperty("image").GetString()!, StringComparison.Ordinal);
        Assert.Contains($"* default {booted.GetProperty("ostree").GetProperty("checksum").GetString()}.{serial}", guest.Run("ostree admin status").Succeeded(), StringComparison.Ordinal);
    }
}
