// Inode flags: the immutable flag that deployments carry against accidents.
using Microsoft.Win32.SafeHandles;

namespace Bootc.Linux;

public static unsafe partial class FileHandles
{
    private const nuint FsIocGetFlags = 0x80086601; // _IOR('f', 1, long)
    private const nuint FsIocSetFlags = 0x40086602; // _IOW('f', 2, long)
    private const int ImmutableFlag = 0x10;         // FS_IMMUTABLE_FL

    /// <summary>Whether the file or directory carries the immutable flag; <see langword="false"/> where the file system has none.</summary>
    public static bool IsImmutable(this SafeFileHandle file, string? path = null) => ((TryGetFlags(file, path) ?? 0) & ImmutableFlag) != 0;

    /// <summary>Sets or clears the immutable flag; does nothing where the file system has none or the process may not.</summary>
    public static void SetImmutable(this SafeFileHandle file, bool immutable, string? path = null)
    {
        if (TryGetFlags(file, path) is not { } flags)
        {
            return;
        }

        long changed = immutable ? flags | ImmutableFlag : flags & ~(long)ImmutableFlag;
        if (changed == flags || NativeMethods.ioctl(file.Descriptor, FsIocSetFlags, &changed) >= 0)
        {
            return;
        }

        if (NativeCall.LastError is not (Errno.EPERM or Errno.EOPNOTSUPP or Errno.ENOTTY))
        {
            throw NativeCall.Failure("set the immutable flag of", path ?? UnnamedFile);
        }
    }

    internal static void ClearImmutable(this SafeFileHandle file) => file.SetImmutable(false);

    private static long? TryGetFlags(SafeFileHandle file, string? path)
    {
        long flags = 0;
        if (NativeMethods.ioctl(file.Descriptor, FsIocGetFlags, &flags) >= 0)
        {
            return (int)flags; // the kernel writes an int, whatever the request's number says
        }

        return NativeCall.LastError is Errno.ENOTTY or Errno.EOPNOTSUPP or Errno.ENOSYS or Errno.EINVAL
            ? null
            : throw NativeCall.Failure("read the flags of", path ?? UnnamedFile);
    }
}
