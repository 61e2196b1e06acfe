// Keeps a part of a blob that passes by.
namespace Bootc.Oci.Layers.Chunked;

/// <summary>A stream that keeps one range of what is read through it, such as a table of contents.</summary>
internal sealed class BlobCapture(Stream source, BlobRange range, Action<byte[]> captured) : ObservingStream(source)
{
    private byte[]? _kept = new byte[range.Length];
    private long _position;

    protected override void Observe(ReadOnlySpan<byte> data, bool isEnd)
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
