// An image as the archive that engines load.
using System.Formats.Tar;
using System.Text.Json;
using Bootc.Oci.Model;

namespace Bootc.Oci.Engine;

/// <summary>Writes an OCI image layout (image-spec, image-layout.md) as a tar stream, its blobs as they are.</summary>
internal static class OciArchiveWriter
{
    private const string LayoutFile = """{"imageLayoutVersion":"1.0.0"}""";

    /// <summary>Writes an image under a name.</summary>
    public static async Task WriteAsync(IImageSource source, ResolvedManifest image, string name, Stream output, IPushProgress? progress, CancellationToken cancellation)
    {
        var writer = new TarWriter(output, TarEntryFormat.Ustar, leaveOpen: true);
        await using (writer.ConfigureAwait(false))
        {
            await WriteFileAsync(writer, "oci-layout", System.Text.Encoding.UTF8.GetBytes(LayoutFile), cancellation).ConfigureAwait(false);
            await WriteFileAsync(writer, "index.json", MakeIndex(image, name), cancellation).ConfigureAwait(false);
            await WriteFileAsync(writer, PathOf(image.Digest), image.Bytes.ToArray(), cancellation).ConfigureAwait(false);
            foreach (Descriptor blob in image.Manifest.Layers.Append(image.Manifest.Config).DistinctBy(blob => blob.Digest))
            {
                Stream content = await source.OpenBlobAsync(blob, progress is null ? null : new BlobBytes(blob, progress), cancellation).ConfigureAwait(false);
                await using (content.ConfigureAwait(false))
                {
                    await WriteAsync(writer, PathOf(blob.Digest), new SizedStream(content, blob.Size), cancellation).ConfigureAwait(false);
                }

                progress?.BlobDone(blob, BlobPlacement.Uploaded);
            }
        }
    }

    // podman looks for one of the annotations, Docker for the other.
    private static byte[] MakeIndex(ResolvedManifest image, string name) => JsonSerializer.SerializeToUtf8Bytes(
        new ImageIndex
        {
            MediaType = MediaTypes.OciIndex,
            Manifests =
            [
                new Descriptor
                {
                    MediaType = image.Manifest.MediaType ?? MediaTypes.OciManifest,
                    Digest = image.Digest,
                    Size = image.Bytes.Length,
                    Annotations = new() { ["org.opencontainers.image.ref.name"] = name, ["io.containerd.image.name"] = name },
                },
            ],
        },
        OciJson.Default.ImageIndex);

    private static string PathOf(Digest digest) => $"blobs/{digest.Algorithm}/{digest.Hex}";

    private static Task WriteFileAsync(TarWriter writer, string name, byte[] content, CancellationToken cancellation) => WriteAsync(writer, name, new MemoryStream(content), cancellation);

    private static Task WriteAsync(TarWriter writer, string name, Stream content, CancellationToken cancellation) =>
        writer.WriteEntryAsync(new UstarTarEntry(TarEntryType.RegularFile, name) { DataStream = content, ModificationTime = DateTimeOffset.UnixEpoch }, cancellation);
}
