// Writes that leave the host's memory to others.
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
    public static void WriteFullyUncached(this SafeFileHandle file, ReadOnlySpan<byte> buffer, string? path = null)
    {
        while (s_knowsUncached && buffer.Length >= LeastUncached)
        {
            fixed (byte* pointer = buffer)
            {
                var vector = new NativeMethods.IoVector { Base = pointer, Length = (nuint)buffer.Length };
                nint count = NativeMethods.pwritev2(file.Descriptor, &vector, 1, -1, NativeMethods.DoNotCache);
                if (NativeCall.Interrupted(count))
                {
                    continue;
                }

                if (count < 0 && NativeCall.LastError is Errno.EOPNOTSUPP or Errno.ENOSYS)
                {
                    break; // this file system does not
                }

                NativeCall.Check(count, "write", path ?? UnnamedFile);
                buffer = buffer[(int)count..];
            }
        }

        WriteFully(file, buffer, path);
    }

    /// <summary>Lets the kernel forget what it has in memory of the file and on the disk as well (POSIX_FADV_DONTNEED).</summary>
    public static void ForgetContent(this SafeFileHandle file) => _ = NativeMethods.posix_fadvise(file.Descriptor, 0, 0, NativeMethods.DoNotNeed);
}
