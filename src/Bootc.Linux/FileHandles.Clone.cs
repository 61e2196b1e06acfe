// Copies between open files that the kernel can do without moving the bytes through this process.
using Microsoft.Win32.SafeHandles;

namespace Bootc.Linux;

public static unsafe partial class FileHandles
{
    private const nuint FiClone = 0x40049409; // _IOW(0x94, 9, int)

    /// <summary>Makes the file share all content of <paramref name="source"/> (FICLONE); <see langword="false"/> where the file system cannot.</summary>
    public static bool TryClone(this SafeFileHandle file, SafeFileHandle source, string? path = null)
    {
        if (NativeMethods.ioctl(file.Descriptor, FiClone, (nint)source.Descriptor) >= 0)
        {
            return true;
        }

        return NativeCall.LastError is Errno.EOPNOTSUPP or Errno.EXDEV or Errno.EINVAL or Errno.ENOTTY or Errno.ENOSYS
            ? false
            : throw NativeCall.Failure("clone into", path ?? UnnamedFile);
    }

    /// <summary>Copies <paramref name="length"/> bytes from both files' positions, in the kernel where it can.</summary>
    /// <exception cref="EndOfStreamException">The source ends before.</exception>
    public static void CopyFrom(this SafeFileHandle file, SafeFileHandle source, long length, string? path = null)
    {
        while (length > 0)
        {
            nint count = NativeMethods.copy_file_range(source.Descriptor, null, file.Descriptor, null, (nuint)length, 0);
            if (count < 0 && NativeCall.LastError is Errno.EXDEV or Errno.EOPNOTSUPP or Errno.EINVAL or Errno.ENOSYS or Errno.EPERM)
            {
                CopyThroughMemory(file, source, length, path);
                return;
            }

            NativeCall.Check(count, "copy into", path ?? UnnamedFile);
            if (count == 0)
            {
                throw new EndOfStreamException($"the source of '{path ?? UnnamedFile}' ends {length} bytes early");
            }

            length -= count;
        }
    }

    private static void CopyThroughMemory(SafeFileHandle file, SafeFileHandle source, long length, string? path)
    {
        byte[] buffer = new byte[(int)Math.Min(length, 256 * 1024)];
        while (length > 0)
        {
            int count = source.ReadSome(buffer.AsSpan(0, (int)Math.Min(length, buffer.Length)), path);
            if (count == 0)
            {
                throw new EndOfStreamException($"the source of '{path ?? UnnamedFile}' ends {length} bytes early");
            }

            file.WriteFully(buffer.AsSpan(0, count), path);
            length -= count;
        }
    }
}
