// A stream that is only read, and says before how long it is.
namespace Bootc.Oci.Engine;

/// <summary>What a tar writer wants of content: a length. It is read to its very end, so that content that checks itself does so.</summary>
internal sealed class SizedStream(Stream source, long size) : Stream
{
    private long _position;

    public override bool CanRead => true;

    // A writer asks streams for their length that can do this; it never does it.
    public override bool CanSeek => true;

    public override bool CanWrite => false;

    public override long Length => size;

    public override long Position
    {
        get => _position;
        set => throw new NotSupportedException();
    }

    public override int Read(byte[] buffer, int offset, int count) => Count(source.Read(buffer, offset, count));

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        Count(await source.ReadAsync(buffer, cancellationToken).ConfigureAwait(false));

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    private int Count(int count)
    {
        _position += count;
        return count;
    }
}
