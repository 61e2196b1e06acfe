// The libc calls behind DirectoryHandle and FileHandles. Descriptors are passed as integers: callers keep the handle alive.
using System.Runtime.InteropServices;
using System.Runtime.InteropServices.Marshalling;

namespace Bootc.Linux;

internal static unsafe partial class NativeMethods
{
    private const string LibC = "libc";

    /// <summary>openat2(2)'s number, the same on every architecture.</summary>
    public const long SyscallOpenAt2 = 437;

    /// <summary>O_NOATIME of open(2).</summary>
    public const int NoAccessTime = 0x40000;

    /// <summary>RWF_DONTCACHE of preadv2(2) and pwritev2(2).</summary>
    public const int DoNotCache = 0x80;

    /// <summary>POSIX_FADV_WILLNEED.</summary>
    public const int WillNeed = 3;

    /// <summary>POSIX_FADV_DONTNEED.</summary>
    public const int DoNotNeed = 4;

    [LibraryImport(LibC, SetLastError = true)]
    public static partial int openat(int dirfd, [MarshalUsing(typeof(FileNameMarshaller))] string path, int flags, uint mode);

    [LibraryImport(LibC, SetLastError = true, EntryPoint = "syscall")]
    public static partial long openat2(long number, int dirfd, [MarshalUsing(typeof(FileNameMarshaller))] string path, OpenHow* how, nuint size);

    [LibraryImport(LibC, SetLastError = true)]
    public static partial int close(int fd);

    [LibraryImport(LibC, SetLastError = true)]
    public static partial int fstatfs(int fd, ulong* buffer);

    [LibraryImport(LibC, SetLastError = true)]
    public static partial int statx(int dirfd, [MarshalUsing(typeof(FileNameMarshaller))] string path, int flags, uint mask, StatxBuffer* buffer);

    [LibraryImport(LibC, SetLastError = true)]
    public static partial int mkdirat(int dirfd, [MarshalUsing(typeof(FileNameMarshaller))] string path, uint mode);

    [LibraryImport(LibC, SetLastError = true)]
    public static partial int unlinkat(int dirfd, [MarshalUsing(typeof(FileNameMarshaller))] string path, int flags);

    [LibraryImport(LibC, SetLastError = true)]
    public static partial int renameat2(
        int oldDirfd,
        [MarshalUsing(typeof(FileNameMarshaller))] string oldPath,
        int newDirfd,
        [MarshalUsing(typeof(FileNameMarshaller))] string newPath,
        uint flags);

    [LibraryImport(LibC, SetLastError = true)]
    public static partial int linkat(
        int oldDirfd,
        [MarshalUsing(typeof(FileNameMarshaller))] string oldPath,
        int newDirfd,
        [MarshalUsing(typeof(FileNameMarshaller))] string newPath,
        int flags);

    [LibraryImport(LibC, SetLastError = true)]
    public static partial int symlinkat(
        [MarshalUsing(typeof(FileNameMarshaller))] string target,
        int dirfd,
        [MarshalUsing(typeof(FileNameMarshaller))] string path);

    [LibraryImport(LibC, SetLastError = true)]
    public static partial nint readlinkat(int dirfd, [MarshalUsing(typeof(FileNameMarshaller))] string path, byte* buffer, nuint size);

    [LibraryImport(LibC, SetLastError = true)]
    public static partial int mknodat(int dirfd, [MarshalUsing(typeof(FileNameMarshaller))] string path, uint mode, ulong device);

    [LibraryImport(LibC, SetLastError = true)]
    public static partial int fchownat(int dirfd, [MarshalUsing(typeof(FileNameMarshaller))] string path, uint uid, uint gid, int flags);

    [LibraryImport(LibC, SetLastError = true)]
    public static partial int fchmodat(int dirfd, [MarshalUsing(typeof(FileNameMarshaller))] string path, uint mode, int flags);

    [LibraryImport(LibC, SetLastError = true)]
    public static partial int utimensat(int dirfd, [MarshalUsing(typeof(FileNameMarshaller))] string path, Timespec* times, int flags);

    [LibraryImport(LibC, SetLastError = true)]
    public static partial int fchown(int fd, uint uid, uint gid);

    [LibraryImport(LibC, SetLastError = true)]
    public static partial int fchmod(int fd, uint mode);

    [LibraryImport(LibC, SetLastError = true)]
    public static partial int futimens(int fd, Timespec* times);

    [LibraryImport(LibC, SetLastError = true)]
    public static partial nint getdents64(int fd, byte* buffer, nuint size);

    [LibraryImport(LibC, SetLastError = true)]
    public static partial nint lseek(int fd, nint offset, int whence);

    [LibraryImport(LibC, SetLastError = true)]
    public static partial nint read(int fd, byte* buffer, nuint size);

    [LibraryImport(LibC, SetLastError = true)]
    public static partial nint write(int fd, byte* buffer, nuint size);

    [LibraryImport(LibC, SetLastError = true)]
    public static partial nint pwritev2(int fd, IoVector* vectors, int count, long offset, int flags);

    [LibraryImport(LibC, SetLastError = true)]
    public static partial nint preadv2(int fd, IoVector* vectors, int count, long offset, int flags);

    [LibraryImport(LibC)]
    public static partial int posix_fadvise(int fd, nint offset, nint length, int advice);

    [LibraryImport(LibC, SetLastError = true)]
    public static partial nint pread(int fd, byte* buffer, nuint size, nint offset);

    [LibraryImport(LibC, SetLastError = true)]
    public static partial int fsync(int fd);

    [LibraryImport(LibC, SetLastError = true)]
    public static partial int fdatasync(int fd);

    [LibraryImport(LibC, SetLastError = true)]
    public static partial int syncfs(int fd);

    [LibraryImport(LibC, SetLastError = true)]
    public static partial int ftruncate(int fd, nint length);

    [LibraryImport(LibC, SetLastError = true)]
    public static partial int fallocate(int fd, int mode, nint offset, nint length);

    [LibraryImport(LibC, SetLastError = true)]
    public static partial nint copy_file_range(int source, nint* sourceOffset, int target, nint* targetOffset, nuint length, uint flags);

    [LibraryImport(LibC, SetLastError = true)]
    public static partial int ioctl(int fd, nuint request, nint argument);

    [LibraryImport(LibC, SetLastError = true)]
    public static partial int ioctl(int fd, nuint request, void* argument);

    [LibraryImport(LibC, SetLastError = true)]
    public static partial int fcntl(int fd, int command, FileLockRange* range);

    [LibraryImport(LibC, SetLastError = true)]
    public static partial int flock(int fd, int operation);

    [LibraryImport(LibC, SetLastError = true)]
    public static partial nint fgetxattr(int fd, [MarshalUsing(typeof(FileNameMarshaller))] string name, byte* value, nuint size);

    [LibraryImport(LibC, SetLastError = true)]
    public static partial int fsetxattr(int fd, [MarshalUsing(typeof(FileNameMarshaller))] string name, byte* value, nuint size, int flags);

    [LibraryImport(LibC, SetLastError = true)]
    public static partial int fremovexattr(int fd, [MarshalUsing(typeof(FileNameMarshaller))] string name);

    [LibraryImport(LibC, SetLastError = true)]
    public static partial nint flistxattr(int fd, byte* list, nuint size);

    [LibraryImport(LibC, SetLastError = true)]
    public static partial nint lgetxattr(
        [MarshalUsing(typeof(FileNameMarshaller))] string path,
        [MarshalUsing(typeof(FileNameMarshaller))] string name,
        byte* value,
        nuint size);

    [LibraryImport(LibC, SetLastError = true)]
    public static partial int lsetxattr(
        [MarshalUsing(typeof(FileNameMarshaller))] string path,
        [MarshalUsing(typeof(FileNameMarshaller))] string name,
        byte* value,
        nuint size,
        int flags);

    [LibraryImport(LibC, SetLastError = true)]
    public static partial int lremovexattr(
        [MarshalUsing(typeof(FileNameMarshaller))] string path,
        [MarshalUsing(typeof(FileNameMarshaller))] string name);

    [LibraryImport(LibC, SetLastError = true)]
    public static partial nint llistxattr([MarshalUsing(typeof(FileNameMarshaller))] string path, byte* list, nuint size);

    [LibraryImport(LibC)]
    public static partial uint geteuid();

    [LibraryImport(LibC)]
    public static partial uint getegid();

    /// <summary>struct open_how of openat2(2).</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct OpenHow
    {
        public ulong Flags;
        public ulong Mode;
        public ulong Resolve;
    }

    /// <summary>struct iovec.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct IoVector
    {
        public byte* Base;
        public nuint Length;
    }

    /// <summary>struct timespec on 64-bit Linux.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Timespec
    {
        public long Seconds;
        public long Nanoseconds;
    }

    /// <summary>struct flock on 64-bit Linux.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct FileLockRange
    {
        public short Type;
        public short Whence;
        public long Start;
        public long Length;
        public int Pid;
    }

    /// <summary>struct statx: the same layout on every architecture.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    public struct StatxBuffer
    {
        [FieldOffset(0)] public uint Mask;
        [FieldOffset(8)] public ulong Attributes;
        [FieldOffset(16)] public uint LinkCount;
        [FieldOffset(20)] public uint Uid;
        [FieldOffset(24)] public uint Gid;
        [FieldOffset(28)] public ushort Mode;
        [FieldOffset(32)] public ulong Inode;
        [FieldOffset(40)] public ulong Size;
        [FieldOffset(48)] public ulong Blocks;
        [FieldOffset(112)] public long ModifiedSeconds;
        [FieldOffset(120)] public uint ModifiedNanoseconds;
        [FieldOffset(128)] public uint RdevMajor;
        [FieldOffset(132)] public uint RdevMinor;
        [FieldOffset(136)] public uint DeviceMajor;
        [FieldOffset(140)] public uint DeviceMinor;
        [FieldOffset(144)] public ulong MountId;
    }
}
