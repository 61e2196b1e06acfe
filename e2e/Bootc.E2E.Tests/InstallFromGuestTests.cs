// Installed by a kernel that has fs-verity, a host is sealed from its first boot on.
using Bootc.Testing;

namespace Bootc.E2E.Tests;

public sealed class InstallFromGuestTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(20);

    [Fact]
    public void AHostThatIsInstalledFromAGuestIsSealedFromTheStart()
    {
        InstalledHost.Require();
        using InstalledDisk installed = InstalledDisk.CreateEmpty();
        using (DirectBoot installer = DirectBoot.Create("bootc/example:v1"))
        {
            using Guest guest = installer.Start("install-from-guest.log", disks: installed.Disk);
            guest.WaitUntilBooted(Patience);
            InstalledDisk.TrustRegistry(guest);
            guest.WaitForNetwork();
            guest.Run($"bootc install to-disk --quiet --source-imgref {DirectBoot.GuestRegistry}/bootc/example:v1 --bootloader grub --boot-size 500M {string.Join(' ', InstalledDisk.ConsoleOptions)} /dev/vdb", Patience).Succeeded();
            guest.PowerOff();
        }

        using (Guest guest = installed.Start("installed-from-guest.log", uefi: true))
        {
            guest.WaitUntilBooted(Patience);
            Assert.Contains("verity=require", guest.Run("findmnt -n -o OPTIONS /").Succeeded(), StringComparison.Ordinal);
            Assert.Equal("ext4", guest.Run("findmnt -n -o FSTYPE /boot").Succeeded().Trim()); // a partition of its own
            Assert.Contains("Store: sealed", guest.Run("bootc status --format human").Succeeded(), StringComparison.Ordinal);
            Assert.Contains("all is well", guest.Run("bootc internals fsck", Patience).Succeeded(), StringComparison.Ordinal);
            Assert.Equal("", guest.Run("systemctl --failed --no-legend --plain").Output);

            // Kernels of updates go to that partition.
            InstalledDisk.TrustRegistry(guest);
            guest.WaitForNetwork();
            guest.Run("bootc upgrade --quiet --tag v2", Patience).Succeeded();
            guest.RebootUntil(InstalledHost.IsBooted("v2"), "v2 boots", Patience);
            Assert.Contains("verity=require", guest.Run("findmnt -n -o OPTIONS /").Succeeded(), StringComparison.Ordinal);
            guest.PowerOff();
        }
    }
}
