// Computes the diff-id of a tar stream on a thread of its own.
using System.Buffers;
using System.Security.Cryptography;
using Bootc.Linux;
using Bootc.Oci;
using Bootc.Oci.Model;
using Bootc.Ostree;
using Bootc.Ostree.Objects;

namespace Bootc.Import.Chunked;

/// <summary>
/// Hashes what is appended, and contents of objects that are named, which it reads itself, while whoever appends goes on. How
/// much is on its way is bounded, at what an image of usual size has: headers of some ten thousand files.
/// </summary>
internal sealed class TarHasher
{
    private const int BlockSize = 256 * 1024;
    private const int BlockCount = 64;
    private const int PartCount = 16 * 1024;

    private readonly Repository _repository;
    private readonly string _what;
    private readonly CancellationToken _cancellation;
    private readonly BlockPool _pool = new(BlockSize);
    private readonly SemaphoreSlim _blocks = new(BlockCount);
    private readonly BoundedQueue<Part> _parts = new(PartCount);
    private readonly TaskCompletionSource<Digest> _digest = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly IncrementalHash _hash;
    private byte[] _block;
    private int _start;
    private int _end;
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
        new Thread(Work) { IsBackground = true, Name = "diff-id" }.Start();
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
    private void Work()
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(BlockSize);
        Exception? failure = null;
        while (_parts.TryTake(out Part part))
        {
            try
            {
                if (failure is null && !_isAbandoned)
                {
                    Hash(part, buffer);
                }
            }
            catch (Exception e)
            {
                failure = e;
            }

            if (part.IsLast)
            {
                _pool.Return(part.Block);
                _blocks.Release();
            }
        }

        ArrayPool<byte>.Shared.Return(buffer);
        End(failure);
        _hash.Dispose();
    }

    private void End(Exception? failure)
    {
        if (failure is OperationCanceledException || _isAbandoned)
        {
            _digest.SetCanceled(_cancellation);
        }
        else if (failure is not null)
        {
            _digest.SetException(failure);
            _ = _digest.Task.Exception; // seen, though nobody may ask
        }
        else
        {
            _digest.SetResult(Oci.Model.Digest.FromHash(_hash.GetCurrentHash()));
        }
    }

    private void Hash(in Part part, byte[] buffer)
    {
        _cancellation.ThrowIfCancellationRequested();
        _hash.AppendData(part.Block, part.Start, part.Length);
        if (part.Object is not { } file)
        {
            return;
        }

        using var content = new ObjectContent(_repository, file, part.Offset);
        for (long rest = part.Size; rest > 0;)
        {
            _cancellation.ThrowIfCancellationRequested();
            int count = content.Read(buffer.AsSpan(0, (int)Math.Min(buffer.Length, rest)));
            if (count == 0)
            {
                throw new LayerFormatException($"{_what}: the object {file} ends {rest} bytes before its size");
            }

            _hash.AppendData(buffer, 0, count);
            rest -= count;
        }
    }

    /// <summary>Bytes, and what comes after them of an object.</summary>
    private readonly record struct Part(byte[] Block, int Start, int Length, bool IsLast, Checksum? Object, long Offset, long Size);
}
