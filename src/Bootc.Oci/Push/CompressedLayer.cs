// A layer that is compressed while it is pushed.
using System.IO.Compression;
using Bootc.Oci.Layers;
using Bootc.Oci.Model;
using ZstdSharp;

namespace Bootc.Oci;

/// <summary>A layer of an image that lies uncompressed where it is. Its digest is known when it was read once; the same layer gives the same bytes.</summary>
internal sealed class CompressedLayer(IImageSource source, Descriptor layer, Digest diffId, LayerCompression compression, IPushProgress? progress) : IBlobContent
{
    private const int ZstdLevel = 3;
    private const int BufferSize = 256 * 1024;

    public string Name => $"layer {diffId}";

    public Descriptor? Descriptor { get; private set; }

    public async Task<Stream> OpenAsync(CancellationToken cancellation)
    {
        Stream blob = await source.OpenBlobAsync(layer, progress is null ? null : new BlobBytes(layer, progress), cancellation).ConfigureAwait(false);
        return new MeasuredStream(
            new ProducedStream((output, stop) => CompressAsync(blob, output, stop), cancellation),
            (digest, size) => Descriptor ??= new Descriptor
            {
                MediaType = compression == LayerCompression.Zstd ? MediaTypes.OciLayerZstd : MediaTypes.OciLayerGzip,
                Digest = digest,
                Size = size,
            });
    }

    private async Task CompressAsync(Stream blob, Stream output, CancellationToken cancellation)
    {
        using Stream tar = LayerStream.OpenTar(blob, diffId, $"layer {diffId} of {source.Reference}", cancellation);
        Stream compressor = compression == LayerCompression.Zstd
            ? new CompressionStream(output, ZstdLevel, leaveOpen: true)
            : new GZipStream(output, CompressionLevel.Optimal, leaveOpen: true);
        await using (compressor.ConfigureAwait(false))
        {
            await tar.CopyToAsync(compressor, BufferSize, cancellation).ConfigureAwait(false);
        }
    }
}
