// The files of a layout as blobs: bounded, and checked against their digests.
using Bootc.Linux;
using Bootc.Oci.Layers;
using Bootc.Oci.Layers.Chunked;
using Bootc.Oci.Model;
using Microsoft.Win32.SafeHandles;

namespace Bootc.Oci.Transports;

internal static class LayoutBlobs
{
    public static byte[] ReadSmall(IImageLayout layout, string name, long limit)
    {
        (Stream content, long size) = layout.TryOpen(name) ?? throw new ImageNotFoundException($"{layout.Path} has no file '{name}'");
        using (content)
        {
            if (size > limit)
            {
                throw new ManifestException($"'{name}' in {layout.Path} has {size} bytes, and at most {limit} are expected");
            }

            byte[] bytes = new byte[size];
            return content.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false) == bytes.Length
                ? bytes
                : throw new ManifestException($"'{name}' in {layout.Path} is cut off");
        }
    }

    public static ReadOnlyMemory<byte> ReadSmallBlob(IImageLayout layout, string name, Digest digest, long limit)
    {
        byte[] bytes = ReadSmall(layout, name, limit);
        digest.Require(bytes, $"'{name}' in {layout.Path}");
        return bytes;
    }

    public static Stream OpenBlob(IImageLayout layout, string name, Descriptor descriptor, IProgress<long>? bytesReceived)
    {
        (Stream content, _) = layout.TryOpen(name) ?? throw new ImageNotFoundException($"{layout.Path} has no blob {descriptor.Digest}");
        return new DigestStream(
            new CountingStream(content, bytesReceived),
            descriptor.Digest,
            descriptor.Size,
            (expected, actual) => new DigestMismatchException($"blob {expected} in {layout.Path}", expected, actual));
    }

    /// <summary>Opens ranges of a blob; what is read of them is not checked.</summary>
    /// <exception cref="RangesNotSupportedException">The file has another size than the blob: it is found out what is wrong when it is read whole.</exception>
    public static Stream OpenRanges(IImageLayout layout, string name, Descriptor descriptor, IReadOnlyList<BlobRange> ranges, IProgress<long>? bytesReceived)
    {
        (FileSlice content, long size) = layout.TryOpen(name) ?? throw new ImageNotFoundException($"{layout.Path} has no blob {descriptor.Digest}");
        if (size == descriptor.Size)
        {
            return new CountingStream(new FileRanges(content, ranges), bytesReceived);
        }

        content.Dispose();
        throw new RangesNotSupportedException($"blob {descriptor.Digest} in {layout.Path} has {size} bytes, not {descriptor.Size}");
    }

    /// <summary>Writes a blob into a directory, in which it gets the name of its digest when it is whole.</summary>
    public static async Task<Descriptor> WriteAsync(DirectoryHandle directory, string mediaType, Func<Stream, CancellationToken, Task> write, CancellationToken cancellation)
    {
        using SafeFileHandle file = directory.CreateTemporaryFile(0x1A4);
        using var content = new HashingStream(new UnownedFileStream(file));
        await write(content, cancellation).ConfigureAwait(false);
        var descriptor = new Descriptor { MediaType = mediaType, Digest = content.GetDigest(), Size = content.Length };
        directory.TryLinkTemporaryFile(file, descriptor.Digest.Hex);
        return descriptor;
    }
}
