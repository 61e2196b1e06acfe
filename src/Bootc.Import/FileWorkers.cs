// Writes small files on threads of their own while the tar stream is read on.
using System.Buffers;
using System.Runtime.ExceptionServices;
using Bootc.Linux;
using Bootc.Ostree;
using Bootc.Ostree.Objects;

namespace Bootc.Import;

/// <summary>
/// Takes files whose content is in pooled memory and writes them to a transaction. The number of files and bytes on their
/// way is bounded; the first error ends all work.
/// </summary>
internal sealed class FileWorkers : IDisposable
{
    /// <summary>Files up to this size are handed over; larger ones are written as they are read.</summary>
    public const int MaximumSize = 256 * 1024;

    private const int QueueLength = 8;
    private const int BatchFiles = 32;
    private const int BatchBytes = 512 * 1024;
    private readonly BoundedQueue<List<(FileHeader Header, byte[] Buffer, int Length, LayerFile File)>> _queue = new(QueueLength);
    private readonly Action<FileHeader, ReadOnlyMemory<byte>, LayerFile> _write;
    private readonly Thread[] _threads;
    private List<(FileHeader Header, byte[] Buffer, int Length, LayerFile File)> _batch = [];
    private int _batchBytes;
    private ExceptionDispatchInfo? _failure;

    public FileWorkers(Action<FileHeader, ReadOnlyMemory<byte>, LayerFile> write, int count)
    {
        _write = write;
        _threads = [.. Enumerable.Range(0, count).Select(i => new Thread(Work) { IsBackground = true, Name = $"file writer {i}" })];
        foreach (Thread thread in _threads)
        {
            thread.Start();
        }
    }

    /// <summary>Hands over a file; the buffer is returned to the pool when it is written.</summary>
    public void Add(FileHeader header, byte[] buffer, int length, LayerFile file)
    {
        if (_failure is not null)
        {
            ArrayPool<byte>.Shared.Return(buffer);
            _failure.Throw();
        }

        _batch.Add((header, buffer, length, file));
        _batchBytes += length;
        if (_batch.Count == BatchFiles || _batchBytes >= BatchBytes)
        {
            HandOver();
        }
    }

    /// <summary>Waits until all files are written.</summary>
    public void Complete()
    {
        Join();
        _failure?.Throw();
    }

    public void Dispose() => Join();

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
        while (_queue.TryTake(out List<(FileHeader Header, byte[] Buffer, int Length, LayerFile File)> batch))
        {
            foreach (var (header, buffer, length, file) in batch)
            {
                Write(header, buffer, length, file);
            }
        }
    }

    private void Write(FileHeader header, byte[] buffer, int length, LayerFile file)
    {
        try
        {
            if (_failure is null)
            {
                _write(header, buffer.AsMemory(0, length), file);
            }
        }
        catch (Exception e)
        {
            _failure ??= ExceptionDispatchInfo.Capture(e);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private void HandOver()
    {
        if (_batch.Count > 0)
        {
            _queue.TryAdd(_batch);
            _batch = [];
            _batchBytes = 0;
        }
    }
}
