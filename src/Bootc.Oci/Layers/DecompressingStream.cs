// Decompresses a blob and, at the end, reads what remains of it, so that its digest is always checked.
using System.Buffers;

namespace Bootc.Oci.Layers;

/// <param name="source">The blob.</param>
/// <param name="what">Its name in errors.</param>
/// <param name="limit">How many bytes it may have decompressed: compression makes a few bytes of very many.</param>
internal sealed class DecompressingStream(Stream source, string what, long limit = LayerStream.MaximumSize) : ForwardStream
{
    // Decompressors ask for little at a time; the network and the digest are asked for much.
    private const int ReadAhead = 256 * 1024;

    private readonly Stream _blob = new BufferedStream(source, ReadAhead);
    private const int HeadSize = 4;
    private Stream? _content;
    private bool _drained;
    private long _size;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        int count;
        try
        {
            _content ??= await OpenAsync(cancellationToken).ConfigureAwait(false);
            count = await _content.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is InvalidDataException or ZstdSharp.ZstdException or EndOfStreamException)
        {
            // A blob that was cut off on the way is told by its digest first.
            await DrainAsync(cancellationToken).ConfigureAwait(false);
            throw new LayerFormatException($"{what} cannot be decompressed: {e.Message}", e);
        }

        _size += count;
        if (_size > limit)
        {
            throw new LayerFormatException($"{what} has more than {limit} bytes when it is decompressed, which is more than is taken");
        }

        if (count == 0 && !buffer.IsEmpty)
        {
            await DrainAsync(cancellationToken).ConfigureAwait(false);
        }

        return count;
    }

    public override int Read(byte[] buffer, int offset, int count) => ReadAsync(buffer.AsMemory(offset, count)).AsTask().GetAwaiter().GetResult();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _content?.Dispose();
            _blob.Dispose();
        }

        base.Dispose(disposing);
    }

    private async Task<Stream> OpenAsync(CancellationToken cancellation)
    {
        byte[] head = new byte[HeadSize];
        int count = await _blob.ReadAtLeastAsync(head, HeadSize, throwOnEndOfStream: false, cancellation).ConfigureAwait(false);
        return LayerStream.Decompress(new PrefixedStream(head.AsMemory(0, count), _blob), head.AsSpan(0, count));
    }

    private async Task DrainAsync(CancellationToken cancellation)
    {
        if (_drained)
        {
            return;
        }

        _drained = true;
        byte[] buffer = ArrayPool<byte>.Shared.Rent(64 * 1024);
        try
        {
            while (await _blob.ReadAsync(buffer, cancellation).ConfigureAwait(false) > 0)
            {
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
