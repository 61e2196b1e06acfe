// fs-verity of files: computed by us, measured or enabled by the kernel.
using System.Buffers;
using Bootc.Linux;
using Microsoft.Win32.SafeHandles;

namespace Bootc.Composefs.FsVerity;

/// <summary>The fs-verity digest of files.</summary>
public static class FileVerity
{
    private const int BufferSize = 128 * 1024;

    /// <summary>Computes the digest of what remains of <paramref name="content"/>.</summary>
    public static VerityDigest Compute(Stream content)
    {
        var hasher = new VerityHasher();
        byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        try
        {
            for (int count; (count = content.Read(buffer)) > 0;)
            {
                hasher.Append(buffer.AsSpan(0, count));
            }

            return hasher.Finish();
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Computes the digest of an open file's whole content.</summary>
    public static VerityDigest Compute(SafeFileHandle file, string? path = null)
    {
        var hasher = new VerityHasher();
        byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        try
        {
            file.Seek(0, path);
            for (int count; (count = file.ReadSome(buffer, path)) > 0;)
            {
                hasher.Append(buffer.AsSpan(0, count));
            }

            return hasher.Finish();
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>The digest that the kernel enforces on a sealed file; <see langword="null"/> when it is not sealed.</summary>
    public static VerityDigest? TryMeasure(SafeFileHandle file, string? path = null) =>
        file.TryMeasureVerity(path) is { } digest ? new VerityDigest(digest) : null;

    /// <summary>Seals a file, as <see cref="FileHandles.TryEnableVerity"/> does.</summary>
    public static bool TryEnable(SafeFileHandle file, string? path = null) => file.TryEnableVerity(path);
}
