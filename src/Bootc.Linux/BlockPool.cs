// Large buffers of one size, used again and again.
namespace Bootc.Linux;

/// <summary>
/// A pool of equal blocks of memory. Those who rent keep their number small; unlike the shared array pool it gives nothing
/// back while it lives, so that a long stream makes no garbage of large arrays.
/// </summary>
/// <param name="blockSize">The size of a block in bytes.</param>
public sealed class BlockPool(int blockSize)
{
    private readonly Stack<byte[]> _free = new();
    private readonly Lock _gate = new();

    /// <summary>The size of a block in bytes.</summary>
    public int BlockSize => blockSize;

    /// <summary>A block, with whatever was in it before.</summary>
    public byte[] Rent()
    {
        lock (_gate)
        {
            if (_free.TryPop(out byte[]? block))
            {
                return block;
            }
        }

        return GC.AllocateUninitializedArray<byte>(blockSize);
    }

    /// <summary>Takes back a block that <see cref="Rent"/> gave.</summary>
    public void Return(byte[] block)
    {
        lock (_gate)
        {
            _free.Push(block);
        }
    }
}
