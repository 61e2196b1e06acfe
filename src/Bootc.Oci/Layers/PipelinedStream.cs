// Moves reading a stream to another thread, so that fetching and decompressing overlap with what the reader does.
using System.Runtime.ExceptionServices;
using Bootc.Linux;

namespace Bootc.Oci.Layers;

/// <summary>
/// A stream whose source is read ahead by a task of its own, into a bounded number of pooled blocks. An error of the source
/// is thrown where it occurred; disposing stops the task.
/// </summary>
internal sealed class PipelinedStream : ForwardStream
{
    private const int BlockSize = 256 * 1024;
    private const int BlockCount = 8;

    private readonly BlockPool _pool = new(BlockSize);
    private readonly BoundedQueue<ArraySegment<byte>> _blocks = new(BlockCount);
    private readonly CancellationTokenSource _stop;
    private readonly Stream _source;
    private readonly Task _pump;
    private ArraySegment<byte> _current;
    private int _position;
    private ExceptionDispatchInfo? _failure;

    /// <summary>Starts to read <paramref name="source"/>, which is disposed with this stream.</summary>
    public PipelinedStream(Stream source, CancellationToken cancellation)
    {
        _source = source;
        _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        _pump = Task.Run(PumpAsync, CancellationToken.None);
    }

    /// <inheritdoc/>
    public override int Read(Span<byte> buffer)
    {
        while (_position == _current.Count)
        {
            Release();
            if (!_blocks.TryTake(out ArraySegment<byte> next))
            {
                _failure?.Throw();
                return 0;
            }

            _current = next;
            _position = 0;
        }

        int count = Math.Min(buffer.Length, _current.Count - _position);
        _current.AsSpan(_position, count).CopyTo(buffer);
        _position += count;
        return count;
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _stop.Cancel();
            _blocks.Complete();
            _pump.Wait();
            while (_blocks.TryTake(out ArraySegment<byte> block))
            {
                _pool.Return(block.Array!);
            }

            Release();
            _source.Dispose();
            _stop.Dispose();
        }

        base.Dispose(disposing);
    }

    private async Task PumpAsync()
    {
        byte[]? block = null;
        try
        {
            while (true)
            {
                block = _pool.Rent();
                int count = await _source.ReadAtLeastAsync(block.AsMemory(0, BlockSize), BlockSize, throwOnEndOfStream: false, _stop.Token).ConfigureAwait(false);
                if (count == 0)
                {
                    break;
                }

                if (!_blocks.TryAdd(new ArraySegment<byte>(block, 0, count)))
                {
                    break;
                }

                block = null;
            }
        }
        catch (Exception e)
        {
            _failure = ExceptionDispatchInfo.Capture(e);
        }
        finally
        {
            if (block is not null)
            {
                _pool.Return(block);
            }

            _blocks.Complete();
        }
    }

    private void Release()
    {
        if (_current.Array is { } array)
        {
            _pool.Return(array);
            _current = default;
            _position = 0;
        }
    }
}
