// An EFI system partition that is too small for what belongs on it.
using Bootc.Linux;
using Bootc.Testing;
using Microsoft.Win32.SafeHandles;

namespace Bootc.Install.Tests;

public class NewEfiPartitionTests
{
    private const int Mebi = 1 << 20;

    [Theory]
    [InlineData(30, null)]
    [InlineData(50, "the EFI system partition has no room for what belongs on it: 53 MB are needed, ")]
    public void What_has_no_room_is_refused_before_it_is_copied(int megabytes, string? expected)
    {
        Peer.RequireRoot("a loop device is attached");
        Peer.Require("mkfs.vfat", "mcopy", "mdir");
        Assert.SkipUnless(File.Exists("/dev/loop-control"), "there are no loop devices");
        using var directory = new TestDirectory("esp");
        using SafeFileHandle disk = File.OpenHandle(directory["disk"], FileMode.CreateNew, FileAccess.ReadWrite);
        RandomAccess.SetLength(disk, 40 * Mebi);
        using LoopDevice device = LoopDevice.Attach(disk, 0, 40 * Mebi, readOnly: false);
        using DirectoryHandle staging = DirectoryHandle.Open(directory.Path);
        using NewEfiPartition partition = NewEfiPartition.Make(device, 40 * Mebi, staging);
        Assert.SkipWhen(FileSystemSpace.Of(partition.Directory).Total < 40 * Mebi, "FAT can be mounted here: the kernel says when it is full");
        partition.Directory.EnsureDirectory("EFI/BOOT").Dispose();
        partition.Directory.WriteAllBytesAtomically("EFI/BOOT/large", new byte[megabytes * Mebi]);

        Exception? fault = Record.Exception(partition.Finish);

        if (expected is null)
        {
            Assert.Null(fault);
            Assert.Contains("large", Peer.Run("mdir", "-i", device.Path, "::/EFI/BOOT").Succeeded(), StringComparison.Ordinal);
        }
        else
        {
            Assert.StartsWith(expected, Assert.IsType<InstallException>(fault).Message, StringComparison.Ordinal);
        }
    }
}
