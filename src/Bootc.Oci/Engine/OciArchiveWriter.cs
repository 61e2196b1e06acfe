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
        var writer = new TarWriter(output, TarEntryFormat.Gnu, leaveOpen: true);
        await using (writer.ConfigureAwait(false))
        {
            await WriteLayoutFileAsync(writer, cancellation).ConfigureAwait(false);
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

    /// <summary>Writes what says that it is such a layout.</summary>
    public static Task WriteLayoutFileAsync(TarWriter writer, CancellationToken cancellation) =>
        WriteFileAsync(writer, "oci-layout", System.Text.Encoding.UTF8.GetBytes(LayoutFile), cancellation);

    /// <summary>Writes a file; GNU's format has room for the sizes of the largest.</summary>
    public static Task WriteAsync(TarWriter writer, string name, Stream content, CancellationToken cancellation) =>
        writer.WriteEntryAsync(new GnuTarEntry(TarEntryType.RegularFile, name) { DataStream = content, ModificationTime = DateTimeOffset.UnixEpoch }, cancellation);

    /// <summary>The name of a blob in a layout.</summary>
    public static string PathOf(Digest digest) => $"blobs/{digest.Algorithm}/{digest.Hex}";

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

    private static Task WriteFileAsync(TarWriter writer, string name, byte[] content, CancellationToken cancellation) => WriteAsync(writer, name, new MemoryStream(content), cancellation);
}
