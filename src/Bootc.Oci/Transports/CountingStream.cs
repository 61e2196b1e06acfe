// Tells how many bytes have been read.
using Bootc.Oci.Layers;

namespace Bootc.Oci.Transports;

internal sealed class CountingStream(Stream source, IProgress<long>? bytesRead) : ForwardStream
{
    private long _count;

    public override long Position
    {
        get => _count;
        set => throw new NotSupportedException();
    }

    public override int Read(byte[] buffer, int offset, int count) => Count(source.Read(buffer, offset, count));

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        Count(await source.ReadAsync(buffer, cancellationToken).ConfigureAwait(false));

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            source.Dispose();
        }

        base.Dispose(disposing);
    }

    private int Count(int count)
    {
        if (count > 0)
        {
            bytesRead?.Report(_count += count);
        }

        return count;
    }
}
