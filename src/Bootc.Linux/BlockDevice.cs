// What block devices and the file systems on them can be asked and told: ioctl(2).
using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;
using static Tmds.Linux.LibC;

namespace Bootc.Linux;

/// <summary>A disk or a partition, and the file system on it (linux/fs.h).</summary>
public static unsafe class BlockDevice
{
    private const nuint GetReadOnly = 0x125E; // BLKROGET
    private const nuint GetSize64 = 0x80081272; // BLKGETSIZE64
    private const nuint GetLogicalSectorSize = 0x1268; // BLKSSZGET
    private const nuint RereadPartitions = 0x125F; // BLKRRPART
    private const nuint Trim = 0xC0185879; // FITRIM, struct fstrim_range: start, length, minimum length, each u64
    private const nuint Freeze = 0xC0045877; // FIFREEZE
    private const nuint Thaw = 0xC0045878; // FITHAW

    /// <summary>The size in bytes.</summary>
    public static long GetSize(SafeFileHandle device, string path)
    {
        ulong size;
        NativeCall.Check(NativeMethods.ioctl(Descriptor(device), GetSize64, &size), "read the size of", path);
        return (long)size;
    }

    /// <summary>The size of a logical sector in bytes.</summary>
    public static int GetSectorSize(SafeFileHandle device, string path)
    {
        int size;
        NativeCall.Check(NativeMethods.ioctl(Descriptor(device), GetLogicalSectorSize, &size), "read the sector size of", path);
        return size;
    }

    /// <summary>Whether the device takes no writes.</summary>
    public static bool IsReadOnly(SafeFileHandle device, string path)
    {
        int flag;
        NativeCall.Check(NativeMethods.ioctl(Descriptor(device), GetReadOnly, &flag), "read the flags of", path);
        return flag != 0;
    }

    /// <summary>Whether the device or a part of it is mounted, or otherwise held by the kernel.</summary>
    /// <exception cref="LinuxException">The device cannot be opened for another reason.</exception>
    public static bool IsInUse(string path)
    {
        int fd = NativeMethods.openat(AT_FDCWD, path, O_RDONLY | O_EXCL | O_CLOEXEC, 0);
        if (fd < 0 && NativeCall.LastError == Errno.EBUSY)
        {
            return true;
        }

        NativeCall.Check(fd, "open", path);
        NativeMethods.close(fd);
        return false;
    }

    /// <summary>Has the kernel read the partition table anew; <see langword="false"/> where it cannot, or a partition is in use.</summary>
    public static bool TryRereadPartitions(SafeFileHandle device) => NativeMethods.ioctl(Descriptor(device), RereadPartitions, 0) >= 0;

    /// <summary>Gives unused blocks of a file system back to the device below; <see langword="false"/> where that does not take any.</summary>
    public static bool TryTrim(DirectoryHandle directory)
    {
        Span<byte> range = stackalloc byte[24];
        range.Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(range[8..], ulong.MaxValue);
        fixed (byte* pointer = range)
        {
            return NativeMethods.ioctl(directory.Descriptor, Trim, pointer) >= 0;
        }
    }

    /// <summary>
    /// Puts all of a file system on disk and empties its journal, which boot loaders do not read; <see langword="false"/> for
    /// file systems that cannot be frozen.
    /// </summary>
    public static bool TryFlushJournal(DirectoryHandle directory)
    {
        directory.SyncFilesystem();
        return NativeMethods.ioctl(directory.Descriptor, Freeze, 0) >= 0 && NativeMethods.ioctl(directory.Descriptor, Thaw, 0) >= 0;
    }

    /// <summary>As <see cref="TryFlushJournal"/>, of a file system that programs run from: it does not stay frozen if this one is killed meanwhile.</summary>
    public static bool TryFlushJournalWatched(DirectoryHandle directory)
    {
        using FreezeWatch? watch = FreezeWatch.TryStart(directory);
        return watch is not null && TryFlushJournal(directory);
    }

    /// <summary>Whether a directory is on XFS, of which <c>syncfs</c> puts changes in the journal alone.</summary>
    public static bool IsOnXfs(DirectoryHandle directory)
    {
        const ulong Magic = 0x58465342; // XFS_SUPER_MAGIC
        ulong* buffer = stackalloc ulong[32]; // struct statfs begins with the type
        NativeCall.Check(NativeMethods.fstatfs(directory.Descriptor, buffer), "read the type of", directory.DisplayPath);
        return buffer[0] == Magic;
    }

    private static int Descriptor(SafeFileHandle handle) => (int)handle.DangerousGetHandle();
}
