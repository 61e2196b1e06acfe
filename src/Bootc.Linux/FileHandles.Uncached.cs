// Reads and writes that leave the host's memory to others.
using Microsoft.Win32.SafeHandles;

namespace Bootc.Linux;

public static unsafe partial class FileHandles
{
    // Of less, a wait for the disk is not worth its while.
    private const int LeastUncached = 64 * 1024;

    // Linux 6.14 began with it for some file systems; what went wrong with it there was mended by the time that ext4 followed.
    private static readonly bool s_knowsUncached = Environment.OSVersion.Version >= new Version(6, 16);

    /// <summary>
    /// As <see cref="WriteFully"/>, for content that nobody reads soon: where the kernel knows how, it begins to write much of it
    /// out at once, and forgets it when it is on the disk (RWF_DONTCACHE of pwritev2(2)), so that an image's files do not drive out
    /// of memory what the host works with. Small content is left to the kernel, which writes out that of many files together.
    /// </summary>
    public static void WriteFullyUncached(this SafeFileHandle file, ReadOnlySpan<byte> buffer, string? path = null) => WriteAll(file, buffer, path, s_knowsUncached);

    /// <summary>
    /// As <see cref="ReadSome"/>, of content that nobody reads again soon: where the kernel knows how, it forgets at once what it had to
    /// read from the disk for this, and only that (RWF_DONTCACHE of preadv2(2)).
    /// </summary>
    /// <returns>How many bytes were read; 0 at the end.</returns>
    public static int ReadSomeUncached(this SafeFileHandle file, Span<byte> buffer, string? path = null)
    {
        if (s_knowsUncached)
        {
            fixed (byte* pointer = buffer)
            {
                var vector = new NativeMethods.IoVector { Base = pointer, Length = (nuint)buffer.Length };
                nint count = NativeMethods.preadv2(file.Descriptor, &vector, 1, -1, NativeMethods.DoNotCache);
                if (count >= 0)
                {
                    return (int)count;
                }
            }
        }

        return ReadSome(file, buffer, path); // which tells of an error
    }

    /// <summary>Lets the kernel forget what it has in memory of the file and on the disk as well (POSIX_FADV_DONTNEED).</summary>
    public static void ForgetContent(this SafeFileHandle file) => _ = NativeMethods.posix_fadvise(file.Descriptor, 0, 0, NativeMethods.DoNotNeed);

    /// <summary>Lets the disk begin with a part of the file that is read soon (POSIX_FADV_WILLNEED).</summary>
    /// <param name="file">The file.</param>
    /// <param name="offset">Where the part begins, in bytes.</param>
    /// <param name="length">Its length in bytes.</param>
    public static void BeginReading(this SafeFileHandle file, long offset, long length) =>
        _ = NativeMethods.posix_fadvise(file.Descriptor, (nint)offset, (nint)length, NativeMethods.WillNeed);

    private static void WriteAll(SafeFileHandle file, ReadOnlySpan<byte> buffer, string? path, bool isUncached)
    {
        while (!buffer.IsEmpty)
        {
            isUncached &= buffer.Length >= LeastUncached;
            fixed (byte* pointer = buffer)
            {
                var vector = new NativeMethods.IoVector { Base = pointer, Length = (nuint)buffer.Length };
                nint count = isUncached
                    ? NativeMethods.pwritev2(file.Descriptor, &vector, 1, -1, NativeMethods.DoNotCache)
                    : NativeMethods.write(file.Descriptor, pointer, (nuint)buffer.Length);
                if (NativeCall.Interrupted(count))
                {
                    continue;
                }

                if (isUncached && count < 0 && NativeCall.LastError is (Errno.EOPNOTSUPP or Errno.ENOSYS))
                {
                    isUncached = false; // this file system does not
                    continue;
                }

                NativeCall.Check(count, "write", path ?? UnnamedFile);
                buffer = buffer[(int)count..];
            }
        }
    }
}
