// Parts of a file, one after the other.
using Bootc.Oci.Layers;
using Bootc.Oci.Layers.Chunked;

namespace Bootc.Oci.Transports;

/// <summary>Reads ranges of a blob that lies in a file.</summary>
/// <param name="blob">The blob, disposed with this stream.</param>
/// <param name="ranges">The ranges, in order.</param>
internal sealed class FileRanges(FileSlice blob, IReadOnlyList<BlobRange> ranges) : ForwardStream
{
    private int _range = -1;
    private long _rest;

    public override int Read(Span<byte> buffer)
    {
        int wanted = Move(buffer.Length);
        int count = blob.Read(buffer[..wanted]);
        _rest -= count;
        return count;
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        int wanted = Move(buffer.Length);
        int count = await blob.ReadAsync(buffer[..wanted], cancellationToken).ConfigureAwait(false);
        _rest -= count;
        return count;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            blob.Dispose();
        }

        base.Dispose(disposing);
    }

    // How many bytes can be read next; none at the end of all ranges.
    private int Move(int wanted)
    {
        while (_rest == 0 && _range < ranges.Count - 1)
        {
            _rest = ranges[++_range].Length;
            blob.MoveTo(ranges[_range].Offset);
        }

        return (int)Math.Min(wanted, _rest);
    }
}
