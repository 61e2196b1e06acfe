// Writes files on threads of their own while the tar stream is read on.
using System.Runtime.ExceptionServices;
using Bootc.Import.Tar;
using Bootc.Linux;
using Bootc.Ostree;
using Bootc.Ostree.Objects;

namespace Bootc.Import;

/// <summary>
/// Takes files and writes them to a transaction: small ones in batches, a large one piece by piece. The number of files and
/// bytes on their way is bounded; the first error ends all work.
/// </summary>
internal sealed class FileWorkers : IDisposable
{
    /// <summary>Files up to this size are handed over whole, many in a block; of larger ones, pieces up to this size.</summary>
    public const int MaximumPiece = 256 * 1024;

    private const int QueueLength = 8;
    private const int QueuedPieces = 8;
    private const int BatchFiles = 64;
    private readonly BlockPool _blocks = new(MaximumPiece);
    private readonly BoundedQueue<Action> _queue = new(QueueLength);
    private readonly RepositoryTransaction _transaction;
    private readonly Action<FileObjectResult, FileHeader, long, LayerFile> _written;
    private readonly Thread[] _threads;
    private List<(FileHeader Header, int Offset, int Length, LayerFile File)> _batch = [];
    private byte[]? _block;
    private int _used;
    private volatile ExceptionDispatchInfo? _failure;

    /// <summary>Starts the threads.</summary>
    /// <param name="transaction">What the files are written to.</param>
    /// <param name="written">Called on one of the threads for each file.</param>
    /// <param name="count">How many threads write.</param>
    public FileWorkers(RepositoryTransaction transaction, Action<FileObjectResult, FileHeader, long, LayerFile> written, int count)
    {
        _transaction = transaction;
        _written = written;
        _threads = [.. Enumerable.Range(0, count).Select(i => new Thread(Work) { IsBackground = true, Name = $"file writer {i}" })];
        foreach (Thread thread in _threads)
        {
            thread.Start();
        }
    }

    /// <summary>Hands over a file whose content is that of a tar stream's current entry.</summary>
    public void AddEntry(ILayerReader content, long size, FileHeader header, LayerFile file, CancellationToken cancellation)
    {
        if (size > MaximumPiece)
        {
            AddPieces(content, Begin(header, size, file), cancellation);
            return;
        }

        content.Fill(Reserve((int)size));
        Add(header, (int)size, file);
    }

    /// <summary>Room for a file's content, of which <see cref="Add"/> then takes over what was filled.</summary>
    public Span<byte> Reserve(int length)
    {
        _failure?.Throw();
        if (_used + length > _blocks.BlockSize)
        {
            HandOver();
        }

        _block ??= _blocks.Rent();
        return _block.AsSpan(_used, length);
    }

    /// <summary>Hands over a file whose content lies in the room that was reserved last.</summary>
    public void Add(FileHeader header, int length, LayerFile file)
    {
        _batch.Add((header, _used, length, file));
        _used += length;
        if (_batch.Count == BatchFiles)
        {
            HandOver();
        }
    }

    /// <summary>Memory for a piece of a large file.</summary>
    public byte[] RentPiece() => _blocks.Rent();

    /// <summary>Takes back memory that was not handed over.</summary>
    public void ReturnPiece(byte[] piece) => _blocks.Return(piece);

    /// <summary>Hands over a file whose pieces follow: add them to the result, in memory from <see cref="RentPiece"/>, and complete it.</summary>
    public BoundedQueue<ArraySegment<byte>> Begin(FileHeader header, long size, LayerFile file)
    {
        HandOver();
        _failure?.Throw();
        var pieces = new BoundedQueue<ArraySegment<byte>>(QueuedPieces);
        _queue.TryAdd(() => WritePieces(header, size, file, pieces));
        return pieces;
    }

    /// <summary>Waits until all files are written.</summary>
    public void Complete()
    {
        Join();
        _failure?.Throw();
    }

    public void Dispose() => Join();

    private void AddPieces(ILayerReader content, BoundedQueue<ArraySegment<byte>> pieces, CancellationToken cancellation)
    {
        try
        {
            while (true)
            {
                cancellation.ThrowIfCancellationRequested();
                byte[] piece = RentPiece();
                int count = content.Fill(piece);
                if (count == 0 || !pieces.TryAdd(new ArraySegment<byte>(piece, 0, count)))
                {
                    ReturnPiece(piece);
                    return;
                }
            }
        }
        finally
        {
            pieces.Complete();
        }
    }

    private void Join()
    {
        HandOver();
        _queue.Complete();
        foreach (Thread thread in _threads)
        {
            thread.Join();
        }
    }

    private void Work()
    {
        while (_queue.TryTake(out Action work))
        {
            work();
        }
    }

    private void HandOver()
    {
        if (_batch.Count > 0)
        {
            var batch = _batch;
            byte[] block = _block!;
            _queue.TryAdd(() => WriteBatch(batch, block));
            _batch = [];
            _block = null;
            _used = 0;
        }
    }

    private void WriteBatch(List<(FileHeader Header, int Offset, int Length, LayerFile File)> batch, byte[] block)
    {
        foreach (var (header, offset, length, file) in batch)
        {
            Attempt(() => _written(_transaction.WriteFile(header, block.AsSpan(offset, length)), header, length, file));
        }

        _blocks.Return(block);
    }

    private void WritePieces(FileHeader header, long size, LayerFile file, BoundedQueue<ArraySegment<byte>> pieces)
    {
        Attempt(() =>
        {
            using FileObjectWriter writer = _transaction.BeginFile(header, size);
            while (pieces.TryTake(out ArraySegment<byte> piece))
            {
                writer.Write(piece);
                _blocks.Return(piece.Array!);
            }

            // The reader gave up: its own error is the one to tell.
            if (writer.IsComplete)
            {
                _written(writer.Complete(), header, size, file);
            }
        });
        pieces.Complete(); // after an error nobody takes pieces any more
        while (pieces.TryTake(out ArraySegment<byte> piece))
        {
            _blocks.Return(piece.Array!);
        }
    }

    private void Attempt(Action write)
    {
        if (_failure is not null)
        {
            return;
        }

        try
        {
            write();
        }
        catch (Exception e)
        {
            _failure ??= ExceptionDispatchInfo.Capture(e);
        }
    }
}
