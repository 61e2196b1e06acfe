// From a layer's tar stream to its blob.
using System.Buffers;
using System.IO.Compression;
using Bootc.Oci.Layers.Chunked;
using Bootc.Oci.Model;
using ZstdSharp;

namespace Bootc.Oci.Layers;

/// <summary>Compresses layers. The same stream gives the same blob, however it is read.</summary>
public static class LayerCompressor
{
    private const int BufferSize = 256 * 1024;
    private const int ZstdLevel = 3;
    private const int FastZstdLevel = 1;

    /// <summary>The media type of layers of a compression.</summary>
    public static string MediaTypeOf(LayerCompression compression) => compression == LayerCompression.Gzip ? MediaTypes.OciLayerGzip : MediaTypes.OciLayerZstd;

    /// <summary>Writes a layer's blob.</summary>
    /// <param name="tar">The layer's tar stream, read to its end.</param>
    /// <param name="destination">Where the blob goes; left open.</param>
    /// <param name="compression">How it is compressed.</param>
    /// <param name="fast">Whether it is compressed fast instead of well.</param>
    /// <param name="cancellation">Ends the work.</param>
    /// <exception cref="LayerFormatException">For <see cref="LayerCompression.ZstdChunked"/>: the stream is malformed, or has what tables of contents have no word for.</exception>
    public static WrittenLayer Write(Stream tar, Stream destination, LayerCompression compression, bool fast = false, CancellationToken cancellation = default)
    {
        if (compression == LayerCompression.ZstdChunked)
        {
            var buffered = new BufferedStream(destination, BufferSize); // not disposed, since the destination stays open
            WrittenLayer written = ChunkedLayerWriter.Write(tar, buffered, fast ? FastZstdLevel : ZstdLevel, cancellation);
            buffered.Flush();
            return written;
        }

        using var blob = new HashingStream(destination);
        Digest diffId;
        using (Stream compressor = compression == LayerCompression.Zstd
            ? new CompressionStream(blob, fast ? FastZstdLevel : ZstdLevel, leaveOpen: true)
            : new GZipStream(blob, fast ? CompressionLevel.Fastest : CompressionLevel.Optimal, leaveOpen: true))
        using (var content = new HashingStream(compressor))
        {
            Copy(tar, content, cancellation);
            diffId = content.GetDigest();
        }

        return new WrittenLayer(new Descriptor { MediaType = MediaTypeOf(compression), Digest = blob.GetDigest(), Size = blob.Length }, diffId);
    }

    // In pieces of the same size, however the stream gives them: what a compressor makes of it may depend on that.
    private static void Copy(Stream source, Stream target, CancellationToken cancellation)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        try
        {
            for (int count; (count = source.ReadAtLeast(buffer.AsSpan(0, BufferSize), BufferSize, throwOnEndOfStream: false)) > 0;)
            {
                cancellation.ThrowIfCancellationRequested();
                target.Write(buffer, 0, count);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
