// Reading the files of a layout as blobs: bounded, and checked against their digests.
using Bootc.Oci.Layers;
using Bootc.Oci.Model;

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
}
