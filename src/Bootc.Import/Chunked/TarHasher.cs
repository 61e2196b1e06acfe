// Computes the diff-id of a tar stream on threads of its own.
using System.Security.Cryptography;
using Bootc.Linux;
using Bootc.Oci;
using Bootc.Oci.Model;
using Bootc.Ostree;
using Bootc.Ostree.Objects;

namespace Bootc.Import.Chunked;

/// <summary>
/// Hashes what is appended, and contents of objects that are named, which it reads itself, while whoever appends goes on. How
/// much is on its way is bounded, at what an image of usual size has: headers of some ten thousand files. One thread reads and
/// another one hashes, so that the processor does not wait for the disk, which is told of the next objects before they are read.
/// </summary>
internal sealed class TarHasher
{
    private const int BlockSize = 256 * 1024;
    private const int BlockCount = 64;
    private const int PartCount = 16 * 1024;
    private const int ReadBlockCount = 8;
    private const int AheadCount = 64;

    private readonly Repository _repository;
    private readonly string _what;
    private readonly CancellationToken _cancellation;
    private readonly BlockPool _pool = new(BlockSize);
    private readonly SemaphoreSlim _blocks = new(BlockCount);
    private readonly BoundedQueue<Part> _parts = new(PartCount);
    private readonly BlockPool _readPool = new(BlockSize);
    private readonly BoundedQueue<(byte[] Block, int Length)> _read = new(ReadBlockCount);
    private readonly TaskCompletionSource<Digest> _digest = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly IncrementalHash _hash;
    private byte[] _block;
    private int _start;
    private int _end;
    private byte[] _readBlock;
    private int _readLength;
    private Exception? _failure;
    private volatile bool _isAbandoned;

    /// <param name="repository">What has the objects.</param>
    /// <param name="algorithm">The algorithm of the diff-id.</param>
    /// <param name="what">The layer's name in errors.</param>
    /// <param name="cancellation">Ends the work.</param>
    public TarHasher(Repository repository, HashAlgorithmName algorithm, string what, CancellationToken cancellation)
    {
        _repository = repository;
        _what = what;
        _cancellation = cancellation;
        _hash = IncrementalHash.CreateHash(algorithm);
        _block = Rent();
        _readBlock = _readPool.Rent();
        new Thread(Read) { IsBackground = true, Name = "diff-id reader" }.Start();
        new Thread(Hash) { IsBackground = true, Name = "diff-id" }.Start();
    }

    /// <summary>
    /// The digest of all that was appended, once that is complete and hashed. It fails where an object is not there whole, and is
    /// cancelled where the hash was given up.
    /// </summary>
    public Task<Digest> Digest => _digest.Task;

    /// <summary>Room for bytes to be appended, of which <see cref="Advance"/> tells how many were filled.</summary>
    public Span<byte> Room()
    {
        if (_end == BlockSize)
        {
            HandOver(new Part(_block, _start, _end - _start, IsLast: true, null, 0, 0));
            _block = Rent();
            _start = _end = 0;
        }

        return _block.AsSpan(_end);
    }

    /// <summary>Appends bytes that were filled into the room.</summary>
    public void Advance(int count) => _end += count;

    /// <summary>Appends bytes.</summary>
    public void Append(ReadOnlySpan<byte> data)
    {
        while (!data.IsEmpty)
        {
            Span<byte> room = Room();
            int count = Math.Min(room.Length, data.Length);
            data[..count].CopyTo(room);
            Advance(count);
            data = data[count..];
        }
    }

    /// <summary>Appends a part of the content of an object.</summary>
    public void Append(Checksum file, long offset, long size)
    {
        HandOver(new Part(_block, _start, _end - _start, IsLast: false, file, offset, size));
        _start = _end;
    }

    /// <summary>Says that all was appended.</summary>
    public void Complete()
    {
        HandOver(new Part(_block, _start, _end - _start, IsLast: true, null, 0, 0));
        _parts.Complete();
    }

    /// <summary>Gives the hash up, unless it is complete.</summary>
    public void Abandon()
    {
        _isAbandoned = true;
        _parts.Complete();
    }

    private byte[] Rent()
    {
        _blocks.Wait(_cancellation);
        return _pool.Rent();
    }

    private void HandOver(Part part) => _parts.TryAdd(part);

    // After an error all is taken still, so that whoever appends does not wait for ever.
    private void Read()
    {
        var ahead = new Queue<(Part Part, ObjectContent? Content)>(AheadCount);
        while (true)
        {
            while (ahead.Count < AheadCount && (ahead.Count == 0 ? _parts.TryTake(out Part part) : _parts.TryTakeAtOnce(out part)))
            {
                ahead.Enqueue((part, TryOpen(part)));
            }

            if (!ahead.TryDequeue(out var next))
            {
                break;
            }

            using (next.Content)
            {
                TryRead(next.Part, next.Content);
            }

            if (next.Part.IsLast)
            {
                _pool.Return(next.Part.Block);
                _blocks.Release();
            }
        }

        _read.TryAdd((_readBlock, _readLength));
        _read.Complete();
    }

    private ObjectContent? TryOpen(in Part part)
    {
        try
        {
            return part.Object is { } file && _failure is null && !_isAbandoned ? ObjectContent.Anticipate(_repository, file, part.Offset, part.Size) : null;
        }
        catch (Exception e)
        {
            _failure = e;
            return null;
        }
    }

    private void TryRead(in Part part, ObjectContent? content)
    {
        try
        {
            if (_failure is null && !_isAbandoned)
            {
                Read(part, content);
            }
        }
        catch (Exception e)
        {
            _failure = e;
        }
    }

    private void Read(in Part part, ObjectContent? content)
    {
        for (ReadOnlySpan<byte> rest = part.Block.AsSpan(part.Start, part.Length); !rest.IsEmpty;)
        {
            Span<byte> room = ReadRoom();
            int count = Math.Min(room.Length, rest.Length);
            rest[..count].CopyTo(room);
            _readLength += count;
            rest = rest[count..];
        }

        for (long rest = content is null ? 0 : part.Size; rest > 0;)
        {
            Span<byte> room = ReadRoom();
            int count = content!.Read(room[..(int)Math.Min(room.Length, rest)]);
            if (count == 0)
            {
                throw new LayerFormatException($"{_what}: the object {part.Object} ends {rest} bytes before its size");
            }

            _readLength += count;
            rest -= count;
        }
    }

    private Span<byte> ReadRoom()
    {
        _cancellation.ThrowIfCancellationRequested();
        if (_readLength == BlockSize)
        {
            _read.TryAdd((_readBlock, _readLength));
            _readBlock = _readPool.Rent();
            _readLength = 0;
        }

        return _readBlock.AsSpan(_readLength);
    }

    private void Hash()
    {
        while (_read.TryTake(out var read))
        {
            _hash.AppendData(read.Block, 0, read.Length);
            _readPool.Return(read.Block);
        }

        End();
        _hash.Dispose();
    }

    private void End()
    {
        if (_failure is OperationCanceledException || _isAbandoned)
        {
            _digest.SetCanceled(_cancellation);
        }
        else if (_failure is not null)
        {
            _digest.SetException(_failure);
            _ = _digest.Task.Exception; // seen, though nobody may ask
        }
        else
        {
            _digest.SetResult(Oci.Model.Digest.FromHash(_hash.GetCurrentHash()));
        }
    }

    /// <summary>Bytes, and what comes after them of an object.</summary>
    private readonly record struct Part(byte[] Block, int Start, int Length, bool IsLast, Checksum? Object, long Offset, long Size);
}
