// Turns what writes into something that can be read.
using System.IO.Pipelines;

namespace Bootc.Oci.Layers;

/// <summary>
/// A stream of what a task writes, which runs on while it is read, a bounded number of bytes ahead. An error of the task is
/// thrown by the read that comes to where it occurred; disposing stops the task.
/// </summary>
internal sealed class ProducedStream : ForwardStream
{
    private const int Ahead = 1 << 20;
    private readonly Pipe _pipe = new(new PipeOptions(pauseWriterThreshold: Ahead, resumeWriterThreshold: Ahead / 2, minimumSegmentSize: 64 * 1024, useSynchronizationContext: false));
    private readonly CancellationTokenSource _stop;
    private readonly Task _producer;
    private readonly Stream _output;
    private bool _isDisposed;

    /// <summary>Starts the task.</summary>
    /// <param name="produce">Writes the content.</param>
    /// <param name="cancellation">Ends it.</param>
    public ProducedStream(Func<Stream, CancellationToken, Task> produce, CancellationToken cancellation)
    {
        _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        _output = _pipe.Reader.AsStream();
        _producer = Task.Run(() => RunAsync(produce), CancellationToken.None);
    }

    public override int Read(Span<byte> buffer) => _output.Read(buffer);

    public override int Read(byte[] buffer, int offset, int count) => _output.Read(buffer, offset, count);

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => _output.ReadAsync(buffer, cancellationToken);

    protected override void Dispose(bool disposing)
    {
        if (disposing && !_isDisposed)
        {
            _isDisposed = true;
            _stop.Cancel();
            _output.Dispose();
            _producer.Wait();
            _stop.Dispose();
        }

        base.Dispose(disposing);
    }

    private async Task RunAsync(Func<Stream, CancellationToken, Task> produce)
    {
        Exception? failure = null;
        try
        {
            Stream input = _pipe.Writer.AsStream(leaveOpen: true);
            await produce(input, _stop.Token).ConfigureAwait(false);
            await input.FlushAsync(_stop.Token).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            failure = e;
        }

        await _pipe.Writer.CompleteAsync(failure).ConfigureAwait(false);
    }
}
