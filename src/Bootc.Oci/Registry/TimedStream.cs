// A stream from the network that does not wait for ever.
using System.Diagnostics;
using Bootc.Oci.Layers;

namespace Bootc.Oci.Registry;

/// <summary>
/// Reads the body of an answer; when nothing comes for too long, or next to nothing, that is a <see cref="TimeoutException"/>:
/// a byte now and then would hold up who waits for the last one for years.
/// </summary>
internal sealed class TimedStream(Stream body, TimeSpan timeout) : ForwardStream
{
    private const int MinimumRate = 1000; // bytes a second

    private TimeSpan _waited; // for the network alone: who reads slowly is not to be told that the server is slow
    private long _came;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        ValueTask<int> read = body.ReadAsync(buffer, cancellationToken);
        bool isThere = read.IsCompleted;
        long began = isThere ? 0 : Stopwatch.GetTimestamp();
        int count = isThere ? await read.ConfigureAwait(false) : await WaitAsync(read.AsTask(), cancellationToken).ConfigureAwait(false);
        _came += count;
        if (!isThere && count > 0)
        {
            _waited += Stopwatch.GetElapsedTime(began);
            RequireProgress();
        }

        return count;
    }

    public override int Read(byte[] buffer, int offset, int count) => ReadAsync(buffer.AsMemory(offset, count)).AsTask().GetAwaiter().GetResult();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            body.Dispose();
        }

        base.Dispose(disposing);
    }

    private async Task<int> WaitAsync(Task<int> pending, CancellationToken cancellation)
    {
        try
        {
            return await pending.WaitAsync(timeout, cancellation).ConfigureAwait(false);
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException && !pending.IsCompleted)
        {
            // Ends the read, which must not write to the buffer any more: it may be somebody else's soon.
            await body.DisposeAsync().ConfigureAwait(false);
            await pending.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default).ConfigureAwait(false);
            if (e is OperationCanceledException)
            {
                throw;
            }

            throw new TimeoutException($"nothing came for {timeout.TotalSeconds:0.#} seconds");
        }
    }

    private void RequireProgress()
    {
        if (_waited < timeout)
        {
            return;
        }

        if (_came < MinimumRate * timeout.TotalSeconds)
        {
            throw new TimeoutException($"only {_came} bytes came in {_waited.TotalSeconds:0.#} seconds");
        }

        _waited = TimeSpan.Zero;
        _came = 0;
    }
}
