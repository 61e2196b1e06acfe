// Tells how many bytes have been read.
using Bootc.Oci.Layers;

namespace Bootc.Oci.Transports;

internal sealed class CountingStream(Stream source, IProgress<long>? bytesRead) : ObservingStream(source)
{
    private long _count;

    public override long Position
    {
        get => _count;
        set => throw new NotSupportedException();
    }

    protected override void Observe(ReadOnlySpan<byte> data, bool isEnd)
    {
        if (!data.IsEmpty)
        {
            bytesRead?.Report(_count += data.Length);
        }
    }
}
