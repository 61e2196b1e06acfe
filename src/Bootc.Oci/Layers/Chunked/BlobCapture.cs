// Keeps a part of a blob that passes by.
namespace Bootc.Oci.Layers.Chunked;

/// <summary>A stream that keeps one range of what is read through it, such as a table of contents.</summary>
internal sealed class BlobCapture(Stream source, BlobRange range, Action<byte[]> captured) : ForwardStream
{
    private byte[]? _kept = new byte[range.Length];
    private long _position;

    public override int Read(Span<byte> buffer)
    {
        int count = source.Read(buffer);
        Keep(buffer[..count]);
        return count;
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        int count = await source.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        Keep(buffer.Span[..count]);
        return count;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            source.Dispose();
        }

        base.Dispose(disposing);
    }

    private void Keep(ReadOnlySpan<byte> data)
    {
        long start = Math.Max(_position, range.Offset);
        long end = Math.Min(_position + data.Length, range.End);
        if (start < end)
        {
            data[(int)(start - _position)..(int)(end - _position)].CopyTo(_kept.AsSpan((int)(start - range.Offset)));
        }

        _position += data.Length;
        if (_position >= range.End && _kept is { } kept)
        {
            _kept = null;
            captured(kept);
        }
    }
}
