// A layer that is compressed while it is pushed.
using Bootc.Oci.Layers;
using Bootc.Oci.Layers.Chunked;
using Bootc.Oci.Model;

namespace Bootc.Oci;

/// <summary>
/// A layer of an image in another compression than it has where it is, or in one at all. Its digest is known when it was read
/// once; the same layer gives the same bytes.
/// </summary>
internal sealed class CompressedLayer(IImageSource source, Descriptor layer, Digest diffId, LayerCompression compression, IPushProgress? progress) : IBlobContent
{
    public string Name => $"layer {diffId}";

    public Descriptor? Descriptor { get; private set; }

    public async Task<Stream> OpenAsync(CancellationToken cancellation)
    {
        Stream blob = await source.OpenBlobAsync(layer, progress is null ? null : new BlobBytes(layer, progress), cancellation).ConfigureAwait(false);
        return LayerStream.Produce((output, stop) => Compress(blob, output, stop), cancellation);
    }

    private void Compress(Stream blob, Stream output, CancellationToken cancellation)
    {
        using Stream tar = LayerStream.OpenTar(blob, diffId, $"layer {diffId} of {source.Reference}", cancellation);
        Descriptor written = LayerCompressor.Write(tar, output, compression, cancellation: cancellation).Descriptor;
        Dictionary<string, string> annotations = ChunkedLayer.WithoutTables(layer.Annotations);
        foreach ((string key, string value) in written.Annotations ?? [])
        {
            annotations[key] = value;
        }

        Descriptor ??= written with { Annotations = annotations.Count > 0 ? annotations : null };
    }
}
