// Compresses pieces of a stream as frames of their own, on all processors, and writes them in their order.
using System.Collections.Concurrent;
using Bootc.Linux;
using ZstdSharp;

namespace Bootc.Oci.Layers.Chunked;

/// <summary>Takes pieces of at most <see cref="ContentSplitter.Maximum"/> bytes; the number of pieces on their way is bounded.</summary>
/// <param name="write">Writes compressed bytes; called in order, on the thread of who adds pieces.</param>
/// <param name="level">The level of compression.</param>
internal sealed class FrameWriter(Action<ReadOnlySpan<byte>> write, int level) : IDisposable
{
    private readonly int _limit = 2 * Environment.ProcessorCount;
    private readonly BlockPool _pieces = new(ContentSplitter.Maximum);
    private readonly BlockPool _frames = new(Compressor.GetCompressBound(ContentSplitter.Maximum));
    private readonly ConcurrentBag<Compressor> _compressors = [];
    private readonly Queue<(Task<Frame> Frame, Action<BlobRange, Frame>? Written)> _queue = new();
    private long _position;

    /// <summary>Memory for a piece, which <see cref="Add"/> takes over.</summary>
    public byte[] Rent() => _pieces.Rent();

    /// <summary>Takes back memory that was not handed over.</summary>
    public void Return(byte[] piece) => _pieces.Return(piece);

    /// <summary>Adds a piece.</summary>
    /// <param name="piece">Memory from <see cref="Rent"/>.</param>
    /// <param name="length">How many bytes of it are the piece.</param>
    /// <param name="written">Told where the frame is, once it is written.</param>
    public void Add(byte[] piece, int length, Action<BlobRange, Frame>? written)
    {
        bool isContent = written is not null;
        _queue.Enqueue((Task.Run(() => Compress(piece, length, isContent)), written));
        while (_queue.Count > _limit || (_queue.TryPeek(out var next) && next.Frame.IsCompleted))
        {
            WriteNext();
        }
    }

    /// <summary>Writes all that is on its way.</summary>
    public void Flush()
    {
        while (_queue.Count > 0)
        {
            WriteNext();
        }
    }

    public void Dispose()
    {
        while (_queue.TryDequeue(out var next))
        {
            ((IAsyncResult)next.Frame).AsyncWaitHandle.WaitOne();
            _ = next.Frame.Exception; // another error is told
        }

        foreach (Compressor compressor in _compressors)
        {
            compressor.Dispose();
        }
    }

    private void WriteNext()
    {
        (Task<Frame> task, Action<BlobRange, Frame>? written) = _queue.Dequeue();
        Frame frame = task.GetAwaiter().GetResult();
        write(frame.Compressed);
        var range = new BlobRange(_position, frame.Compressed.Count);
        _position = range.End;
        _frames.Return(frame.Compressed.Array!);
        written?.Invoke(range, frame);
    }

    private Frame Compress(byte[] piece, int length, bool isContent)
    {
        Compressor compressor = _compressors.TryTake(out Compressor? idle) ? idle : new Compressor(level);
        ReadOnlySpan<byte> content = piece.AsSpan(0, length);
        byte[] compressed = _frames.Rent();
        int count = compressor.Wrap(content, compressed);
        _compressors.Add(compressor);
        var frame = new Frame(
            new ArraySegment<byte>(compressed, 0, count),
            isContent ? ContentDigest.Compute(content) : default,
            isContent && !content.ContainsAnyExcept((byte)0));
        _pieces.Return(piece);
        return frame;
    }

    /// <summary>A frame.</summary>
    /// <param name="Compressed">Its bytes.</param>
    /// <param name="Digest">The digest of the content.</param>
    /// <param name="IsZeros">Whether the content is nothing but zeros.</param>
    internal readonly record struct Frame(ArraySegment<byte> Compressed, ContentDigest Digest, bool IsZeros);
}
