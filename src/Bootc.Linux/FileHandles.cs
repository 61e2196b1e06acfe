// What can be done with an open file beyond what .NET offers: ownership, sync, preallocation, whole reads and writes.
using Microsoft.Win32.SafeHandles;

namespace Bootc.Linux;

/// <summary>
/// Operations on an open file. The optional <c>path</c> of each is only for messages: what the file is called by the user.
/// </summary>
public static unsafe partial class FileHandles
{
    private const string UnnamedFile = "(open file)";

    /// <summary>The file's status.</summary>
    public static FileStatus GetStatus(this SafeFileHandle file, string? path = null) =>
        DirectoryHandle.Stat(file.Descriptor, "", () => path ?? UnnamedFile) ?? throw NativeCall.Failure("stat", path ?? UnnamedFile);

    /// <summary>Changes the owner.</summary>
    public static void SetOwner(this SafeFileHandle file, uint uid, uint gid, string? path = null) =>
        NativeCall.Check(NativeMethods.fchown(file.Descriptor, uid, gid), "change the owner of", path ?? UnnamedFile);

    /// <summary>Changes the permission bits, whatever the umask.</summary>
    public static void SetMode(this SafeFileHandle file, uint mode, string? path = null) =>
        NativeCall.Check(NativeMethods.fchmod(file.Descriptor, mode & ModeBits.PermissionMask), "change the mode of", path ?? UnnamedFile);

    /// <summary>Sets the modification and access time.</summary>
    public static void SetModifiedTime(this SafeFileHandle file, long seconds, uint nanoseconds = 0, string? path = null)
    {
        var times = stackalloc NativeMethods.Timespec[2];
        times[0] = times[1] = new NativeMethods.Timespec { Seconds = seconds, Nanoseconds = nanoseconds };
        NativeCall.Check(NativeMethods.futimens(file.Descriptor, times), "set the times of", path ?? UnnamedFile);
    }

    /// <summary>Puts content and status on disk: fsync(2).</summary>
    public static void Sync(this SafeFileHandle file, string? path = null) =>
        NativeCall.Check(NativeMethods.fsync(file.Descriptor), "sync", path ?? UnnamedFile);

    /// <summary>Puts the content on disk: fdatasync(2).</summary>
    public static void DataSync(this SafeFileHandle file, string? path = null) =>
        NativeCall.Check(NativeMethods.fdatasync(file.Descriptor), "sync", path ?? UnnamedFile);

    /// <summary>Sets the file's length.</summary>
    public static void SetLength(this SafeFileHandle file, long length, string? path = null) =>
        NativeCall.Check(NativeMethods.ftruncate(file.Descriptor, (nint)length), "set the length of", path ?? UnnamedFile);

    /// <summary>Reserves space for <paramref name="length"/> bytes; does nothing where the file system cannot.</summary>
    /// <exception cref="LinuxException">The file system is full.</exception>
    public static void Preallocate(this SafeFileHandle file, long length, string? path = null)
    {
        if (length <= 0 || NativeMethods.fallocate(file.Descriptor, 0, 0, (nint)length) >= 0)
        {
            return;
        }

        if (NativeCall.LastError is not (Errno.EOPNOTSUPP or Errno.ENOSYS or Errno.EINVAL or Errno.EINTR))
        {
            throw NativeCall.Failure("reserve space for", path ?? UnnamedFile);
        }
    }

    /// <summary>Reads at the file's position until the buffer is full or the file ends.</summary>
    /// <returns>How many bytes were read; less than the buffer's length only at the file's end.</returns>
    public static int ReadFully(this SafeFileHandle file, Span<byte> buffer, string? path = null)
    {
        int total = 0;
        while (total < buffer.Length)
        {
            int count = ReadSome(file, buffer[total..], path);
            if (count == 0)
            {
                break;
            }

            total += count;
        }

        return total;
    }

    /// <summary>Reads at the file's position what is there, at most the buffer's length; 0 at the end.</summary>
    public static int ReadSome(this SafeFileHandle file, Span<byte> buffer, string? path = null)
    {
        fixed (byte* pointer = buffer)
        {
            nint count;
            do
            {
                count = NativeMethods.read(file.Descriptor, pointer, (nuint)buffer.Length);
            }
            while (NativeCall.Interrupted(count));
            return (int)NativeCall.Check(count, "read", path ?? UnnamedFile);
        }
    }

    /// <summary>Writes all of the buffer at the file's position.</summary>
    public static void WriteFully(this SafeFileHandle file, ReadOnlySpan<byte> buffer, string? path = null) => WriteAll(file, buffer, path, isUncached: false);

    /// <summary>Moves the file's position to <paramref name="offset"/> bytes from its start.</summary>
    public static void Seek(this SafeFileHandle file, long offset, string? path = null) =>
        NativeCall.Check(NativeMethods.lseek(file.Descriptor, (nint)offset, 0), "seek in", path ?? UnnamedFile);

    /// <summary>What remains of the file from its position on.</summary>
    public static byte[] ReadToEnd(this SafeFileHandle file, string? path = null)
    {
        long size = file.GetStatus(path).Size;
        if (size > Array.MaxLength)
        {
            throw new LinuxException("read into memory", path ?? UnnamedFile, Errno.EFBIG);
        }

        byte[] content = new byte[Math.Max(size, 256)];
        int length = 0;
        while (true)
        {
            length += file.ReadFully(content.AsSpan(length), path);
            if (length < content.Length)
            {
                return length == content.Length ? content : content[..length];
            }

            // The file grew, or is one whose size the kernel does not tell, as in /proc.
            byte[] more = new byte[1];
            if (file.ReadSome(more, path) == 0)
            {
                return content;
            }

            Array.Resize(ref content, content.Length * 2);
            content[length++] = more[0];
        }
    }

    extension(SafeFileHandle file)
    {
        /// <summary>The descriptor's number, valid while the handle is open.</summary>
        public int Descriptor => (int)file.DangerousGetHandle();
    }
}
