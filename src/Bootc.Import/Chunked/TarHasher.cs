// Computes the diff-id of a tar stream on a thread of its own.
using System.Security.Cryptography;
using Bootc.Linux;
using Bootc.Oci.Model;

namespace Bootc.Import.Chunked;

/// <summary>Hashes what is appended, while whoever appends goes on. The number of bytes on their way is bounded.</summary>
internal sealed class TarHasher : IDisposable
{
    private const int BlockSize = 256 * 1024;
    private const int BlockCount = 8;

    private readonly BlockPool _pool = new(BlockSize);
    private readonly BoundedQueue<ArraySegment<byte>> _blocks = new(BlockCount);
    private readonly IncrementalHash _hash;
    private readonly Thread _thread;
    private byte[] _block;
    private int _used;

    /// <param name="algorithm">The algorithm of the diff-id.</param>
    public TarHasher(HashAlgorithmName algorithm)
    {
        _hash = IncrementalHash.CreateHash(algorithm);
        _block = _pool.Rent();
        _thread = new Thread(Work) { IsBackground = true, Name = "diff-id" };
        _thread.Start();
    }

    /// <summary>Room for bytes to be appended, of which <see cref="Advance"/> tells how many were filled.</summary>
    public Span<byte> Room()
    {
        if (_used == BlockSize)
        {
            HandOver();
        }

        return _block.AsSpan(_used);
    }

    /// <summary>Appends bytes that were filled into the room.</summary>
    public void Advance(int count) => _used += count;

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

    /// <summary>The digest of all that was appended.</summary>
    public Digest Complete()
    {
        HandOver();
        _blocks.Complete();
        _thread.Join();
        return Digest.FromHash(_hash.GetCurrentHash());
    }

    public void Dispose()
    {
        _blocks.Complete();
        _thread.Join();
        _hash.Dispose();
    }

    private void HandOver()
    {
        _blocks.TryAdd(new ArraySegment<byte>(_block, 0, _used));
        _block = _pool.Rent();
        _used = 0;
    }

    private void Work()
    {
        while (_blocks.TryTake(out ArraySegment<byte> block))
        {
            _hash.AppendData(block);
            _pool.Return(block.Array!);
        }
    }
}
