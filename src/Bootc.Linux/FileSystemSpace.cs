// How much room a file system has.
using System.Runtime.InteropServices;

namespace Bootc.Linux;

/// <summary>The room on a file system, in bytes (statvfs(3)).</summary>
/// <param name="Total">The size of the file system.</param>
/// <param name="Free">What is free, reserved blocks included, which only root may use.</param>
/// <param name="Available">What is free for everyone.</param>
public readonly partial record struct FileSystemSpace(long Total, long Free, long Available)
{
    /// <summary>The room on the file system that holds <paramref name="directory"/>.</summary>
    public static unsafe FileSystemSpace Of(DirectoryHandle directory)
    {
        // struct statvfs on 64-bit glibc: block size, fragment size, blocks, free, available, and more we do not need.
        ulong* buffer = stackalloc ulong[32];
        NativeCall.Check(fstatvfs(directory.Descriptor, buffer), "read the free space of", directory.DisplayPath);
        long fragment = (long)buffer[1];
        return new FileSystemSpace((long)buffer[2] * fragment, (long)buffer[3] * fragment, (long)buffer[4] * fragment);
    }

    /// <summary>Whether nothing can be written through <paramref name="directory"/>: its mount or its file system is read-only.</summary>
    public static unsafe bool IsReadOnly(DirectoryHandle directory)
    {
        ulong* buffer = stackalloc ulong[32];
        NativeCall.Check(fstatvfs(directory.Descriptor, buffer), "read the flags of", directory.DisplayPath);
        return (buffer[9] & 1) != 0; // f_flag, ST_RDONLY
    }

    /// <summary>What this process may use.</summary>
    public long Usable => CurrentProcess.IsRoot ? Free : Available;

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial int fstatvfs(int fd, ulong* buffer);
}
