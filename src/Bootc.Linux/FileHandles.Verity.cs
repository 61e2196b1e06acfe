// fs-verity's ioctls: seal a file, and ask the kernel for the digest of a sealed one (linux/fsverity.h).
using Microsoft.Win32.SafeHandles;

namespace Bootc.Linux;

public static unsafe partial class FileHandles
{
    private const nuint FsIocEnableVerity = 0x40806685;  // _IOW('f', 133, struct fsverity_enable_arg), 128 bytes
    private const nuint FsIocMeasureVerity = 0xC0046686; // _IOWR('f', 134, struct fsverity_digest), 4 bytes and the digest
    private const int Sha256Size = 32;
    private const ushort Sha256Algorithm = 1;
    private const uint BlockSize = 4096;

    /// <summary>
    /// Seals a file with fs-verity (SHA-256, blocks of 4096 bytes, no salt). The file must be open for reading only and have
    /// no writer; <see langword="false"/> where the kernel or the file system has no fs-verity.
    /// </summary>
    /// <returns><see langword="true"/> when the file is sealed now or was before.</returns>
    public static bool TryEnableVerity(this SafeFileHandle file, string? path = null)
    {
        // struct fsverity_enable_arg: version u32, hash_algorithm u32, block_size u32, then salt and signature, unused.
        uint* argument = stackalloc uint[32];
        new Span<uint>(argument, 32).Clear();
        argument[0] = 1;
        argument[1] = Sha256Algorithm;
        argument[2] = BlockSize;
        if (NativeMethods.ioctl(file.Descriptor, FsIocEnableVerity, argument) >= 0)
        {
            return true;
        }

        return NativeCall.LastError switch
        {
            Errno.EEXIST => true,
            Errno.EOPNOTSUPP or Errno.ENOTTY or Errno.ENOSYS => false,
            _ => throw NativeCall.Failure("enable fs-verity on", path ?? UnnamedFile),
        };
    }

    /// <summary>Whether files of the file system that holds this one can be sealed with fs-verity, by what the kernel says of this one.</summary>
    public static bool SupportsVerity(this SafeFileHandle file, string? path = null)
    {
        byte* argument = stackalloc byte[4 + Sha256Size];
        ((ushort*)argument)[0] = 0;
        ((ushort*)argument)[1] = Sha256Size;
        if (NativeMethods.ioctl(file.Descriptor, FsIocMeasureVerity, argument) >= 0)
        {
            return true;
        }

        return NativeCall.LastError switch
        {
            Errno.ENODATA or Errno.EOVERFLOW => true, // not sealed, or by a larger digest
            Errno.EOPNOTSUPP or Errno.ENOTTY or Errno.ENOSYS => false,
            _ => throw NativeCall.Failure("ask for fs-verity of", path ?? UnnamedFile),
        };
    }

    /// <summary>The SHA-256 fs-verity digest by which the kernel checks the file; <see langword="null"/> when it is not sealed.</summary>
    public static byte[]? TryMeasureVerity(this SafeFileHandle file, string? path = null)
    {
        // struct fsverity_digest: digest_algorithm u16, digest_size u16 (in: capacity), digest.
        byte* argument = stackalloc byte[4 + Sha256Size];
        ((ushort*)argument)[0] = 0;
        ((ushort*)argument)[1] = Sha256Size;
        if (NativeMethods.ioctl(file.Descriptor, FsIocMeasureVerity, argument) < 0)
        {
            return NativeCall.LastError is Errno.ENODATA or Errno.EOPNOTSUPP or Errno.ENOTTY or Errno.ENOSYS or Errno.EOVERFLOW
                ? null
                : throw NativeCall.Failure("measure fs-verity of", path ?? UnnamedFile);
        }

        return ((ushort*)argument)[0] == Sha256Algorithm ? new ReadOnlySpan<byte>(argument + 4, Sha256Size).ToArray() : null;
    }
}
