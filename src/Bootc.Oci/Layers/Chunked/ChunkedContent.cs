// Files out of ranges of a zstd:chunked blob.
using ZstdSharp;

namespace Bootc.Oci.Layers.Chunked;

/// <summary>Decompresses one piece of content after the other out of ranges of a blob that come as one stream.</summary>
/// <param name="source">The ranges, one after the other; disposed with this.</param>
/// <param name="ranges">Which ranges they are.</param>
/// <param name="what">The layer's name in errors.</param>
public sealed class ChunkedContent(Stream source, IReadOnlyList<BlobRange> ranges, string what) : IDisposable
{
    private const int BufferSize = 64 * 1024;

    private readonly Decompressor _decompressor = new();
    private readonly byte[] _skipped = new byte[BufferSize];
    private int _range;
    private long _position = ranges.Count > 0 ? ranges[0].Offset : 0;
    private Frames? _frames;
    private DecompressionStream? _piece;

    /// <summary>Goes on to a piece, which must lie behind those before and in one of the ranges.</summary>
    /// <param name="piece">The frames that decompress to it.</param>
    /// <exception cref="LayerFormatException">It does not.</exception>
    public void Begin(BlobRange piece)
    {
        while (_range < ranges.Count && ranges[_range].End <= piece.Offset)
        {
            Skip(ranges[_range].End - _position);
            _range++;
            _position = _range < ranges.Count ? ranges[_range].Offset : 0;
        }

        if (_range == ranges.Count || piece.Offset < _position || piece.End > ranges[_range].End)
        {
            throw new LayerFormatException($"{what} has files in another order than its table of contents, or not where it says");
        }

        Skip(piece.Offset - _position);
        _frames = new Frames(this, piece.Length);
        _piece = new DecompressionStream(_frames, _decompressor, BufferSize, checkEndOfStream: true, preserveDecompressor: true);
    }

    /// <summary>Reads content of the piece.</summary>
    /// <returns>How many bytes were read; 0 at its end.</returns>
    /// <exception cref="LayerFormatException">It cannot be decompressed.</exception>
    public int Read(Span<byte> buffer)
    {
        try
        {
            return _piece!.Read(buffer);
        }
        catch (Exception e) when (e is ZstdException or EndOfStreamException)
        {
            throw new LayerFormatException($"{what} cannot be decompressed at {_position}: {e.Message}", e);
        }
    }

    /// <summary>Ends the piece.</summary>
    /// <exception cref="LayerFormatException">It has content that was not read.</exception>
    public void End()
    {
        Span<byte> more = stackalloc byte[1];
        if (Read(more) > 0)
        {
            throw new LayerFormatException($"{what} has more content before {_position} than its table of contents says");
        }

        _piece!.Dispose();
        _piece = null;
        Skip(_frames!.Rest);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _piece?.Dispose();
        _decompressor.Dispose();
        source.Dispose();
    }

    private void Skip(long count)
    {
        while (count > 0)
        {
            count -= Take(_skipped.AsSpan(0, (int)Math.Min(count, _skipped.Length)));
        }
    }

    private int Take(Span<byte> buffer)
    {
        int count = source.Read(buffer);
        if (count == 0)
        {
            throw new LayerFormatException($"{what} ends at {_position}, where its table of contents has content");
        }

        _position += count;
        return count;
    }

    // The decompressor reads ahead, but not beyond the piece.
    private sealed class Frames(ChunkedContent content, long length) : ForwardStream
    {
        public long Rest { get; private set; } = length;

        public override int Read(Span<byte> buffer)
        {
            int wanted = (int)Math.Min(buffer.Length, Rest);
            int count = wanted == 0 ? 0 : content.Take(buffer[..wanted]);
            Rest -= count;
            return count;
        }
    }
}
