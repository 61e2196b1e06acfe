// Looks at content as it passes by.
namespace Bootc.Oci.Layers;

/// <summary>Base of the streams that hand on what they read, and look at it.</summary>
/// <param name="source">The content, disposed with the stream.</param>
internal abstract class ObservingStream(Stream source) : ForwardStream
{
    public sealed override int Read(Span<byte> buffer)
    {
        int count = source.Read(buffer);
        Observe(buffer[..count], isEnd: count == 0 && !buffer.IsEmpty);
        return count;
    }

    public sealed override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        int count = await source.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        Observe(buffer.Span[..count], isEnd: count == 0 && !buffer.IsEmpty);
        return count;
    }

    /// <summary>Called for all that was read, in order, before it is handed on.</summary>
    /// <param name="data">What was read.</param>
    /// <param name="isEnd">Whether there is nothing more.</param>
    protected abstract void Observe(ReadOnlySpan<byte> data, bool isEnd);

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            source.Dispose();
        }

        base.Dispose(disposing);
    }
}
