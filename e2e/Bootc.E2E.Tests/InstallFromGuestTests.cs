// Installed by a kernel that has fs-verity, a host is sealed from its first boot on; with GRUB on UEFI it updates itself, follows
// libostree's commands, and survives a kernel that panics.
using Bootc.Testing;

namespace Bootc.E2E.Tests;

public sealed class InstallFromGuestTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(20);

    [Fact]
    public void AHostThatIsInstalledFromAGuestIsSealedFromTheStart()
    {
        InstalledHost.Require();
        Peer.Require("skopeo");
        using InstalledDisk installed = InstalledDisk.CreateEmpty();
        using InstalledDisk prepared = InstalledDisk.CreateEmpty();
        using InstalledDisk stick = InstalledDisk.CreateEmpty();
        FillStick(stick.Disk);
        using (DirectBoot installer = DirectBoot.Create("bootc/example:v1"))
        {
            using Guest guest = installer.Start("install-from-guest.log", GuestOptions.WithoutSealing, disks: [installed.Disk, prepared.Disk, stick.Disk]);
            guest.WaitUntilBooted(Patience);
            InstalledDisk.TrustRegistry(guest);
            guest.WaitForNetwork();
            guest.Run($"bootc install to-disk --quiet --source-imgref {DirectBoot.GuestRegistry}/bootc/example:v1 --bootloader grub --boot-size 500M {string.Join(' ', InstalledDisk.ConsoleOptions)} /dev/vdb", Patience).Succeeded();
            InstallToFilesystem(guest, "/dev/vdc", "/dev/vdd");
            guest.PowerOff();
        }

        AssertIsSealedFromTheStart(installed);
        AssertBootsSealed(prepared, uefi: true);
        AssertBootsSealed(prepared, uefi: false);
    }

    private static void AssertIsSealedFromTheStart(InstalledDisk installed)
    {
        using Guest guest = installed.Start("installed-from-guest.log", uefi: true);
        guest.WaitUntilBooted(Patience);
        AssertIsSealed(guest);
        Assert.Equal("ext4", guest.Run("findmnt -n -o FSTYPE /boot").Succeeded().Trim()); // a partition of its own
        Assert.Contains("Store: sealed", guest.Run("bootc status --format human").Succeeded(), StringComparison.Ordinal);
        Assert.Contains("all is well", guest.Run("bootc internals fsck", Patience).Succeeded(), StringComparison.Ordinal);

        // Kernels of updates go to that partition.
        InstalledHost.AssertUpdates(guest, "ext4");
        AssertIsSealed(guest);
        InstalledHost.AssertFollowsLibostree(guest);
        InstalledHost.AssertReturnsFrom(guest, "panics", "did not come up in 3 boots");
        guest.PowerOff();
    }

    private static void AssertIsSealed(Guest guest)
    {
        Assert.Contains("verity=require", guest.Run("findmnt -n -o OPTIONS /").Succeeded(), StringComparison.Ordinal);
        Assert.Equal("", guest.Run("systemctl --failed --no-legend --plain").Output);
    }

    // An image for machines without network: its layers lie uncompressed in a directory.
    private static void FillStick(string disk)
    {
        string directory = Directory.CreateDirectory(disk + ".files").FullName;
        try
        {
            Peer.Run("skopeo", "copy", "-q", "--src-tls-verify=false", "--dest-decompress", $"docker://{DirectBoot.Registry}/bootc/example:v2", $"dir:{directory}/os").Succeeded();
            Peer.Run("mkfs.ext4", "-q", "-F", "-d", directory, disk).Succeeded();
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    // Partitions and file systems of somebody else's making, for machines with UEFI and with BIOS.
    private static void InstallToFilesystem(Guest guest, string disk, string stick)
    {
        guest.Run($"""
            set -e
            printf 'label: gpt\nsize=1M, type=21686148-6449-6E6F-744E-656564454649\nsize=200M, type=U\ntype=L\n' | sfdisk -q {disk}
            udevadm settle
            mkfs.vfat {disk}2
            mkfs.ext4 -q -O verity {disk}3
            mkdir -p /var/target
            mount {disk}3 /var/target
            mkdir -p /var/target/boot/efi
            mount {disk}2 /var/target/boot/efi
            mkdir -p /var/stick
            mount -o ro {stick} /var/stick
            """).Succeeded();
        guest.Run($"bootc install to-filesystem --quiet --source-imgref dir:/var/stick/os --target-imgref {DirectBoot.GuestRegistry}/bootc/example:v2 --bootloader grub {string.Join(' ', InstalledDisk.ConsoleOptions)} /var/target", Patience).Succeeded();
        guest.Run("umount -R /var/target && umount /var/stick").Succeeded();
    }

    private static void AssertBootsSealed(InstalledDisk disk, bool uefi)
    {
        using Guest guest = disk.Start($"installed-to-filesystem-{(uefi ? "uefi" : "bios")}.log", uefi);
        guest.WaitUntilBooted(Patience);
        Assert.Equal("version 2", guest.Run("cat /usr/share/example/version").Succeeded());
        AssertIsSealed(guest);
        guest.PowerOff();
    }
}
