// A block of a directory in an image.
using System.Buffers.Binary;

namespace Bootc.Composefs.Erofs;

/// <summary>The entries of one block.</summary>
internal readonly ref struct ErofsDirents
{
    private readonly ReadOnlySpan<byte> _block;

    /// <summary>Reads a block.</summary>
    /// <param name="block">Its bytes.</param>
    /// <param name="directory">The directory's slot, for errors.</param>
    /// <exception cref="ComposefsFormatException">The bytes are none of a directory.</exception>
    public ErofsDirents(ReadOnlySpan<byte> block, ulong directory)
    {
        if (block.Length < ErofsFormat.DirentSize)
        {
            throw new ComposefsFormatException($"a block of the directory in inode {directory} is cut off");
        }

        _block = block;
        int namesStart = NameStart(0);
        Count = namesStart / ErofsFormat.DirentSize;
        if (Count == 0 || namesStart % ErofsFormat.DirentSize != 0 || namesStart > block.Length)
        {
            throw new ComposefsFormatException($"a block of the directory in inode {directory} has its names at offset {namesStart}");
        }

        // The last name ends with the block, or with a zero before that.
        ReadOnlySpan<byte> last = block[Math.Clamp(NameStart(Count - 1), namesStart, block.Length)..];
        int terminator = last.IndexOf((byte)0);
        Length = block.Length - (terminator < 0 ? 0 : last.Length - terminator);
        for (int i = 0; i < Count; i++)
        {
            if (NameStart(i) > NameEnd(i) || NameEnd(i) > Length || NameStart(i) < namesStart)
            {
                throw new ComposefsFormatException($"a name of the directory in inode {directory} lies outside of its block");
            }
        }
    }

    public int Count { get; }

    /// <summary>How many bytes of the block are in use.</summary>
    public int Length { get; }

    /// <summary>The slot of the inode that an entry names.</summary>
    public ulong Slot(int index) => BinaryPrimitives.ReadUInt64LittleEndian(_block[(index * ErofsFormat.DirentSize)..]);

    public ReadOnlySpan<byte> Name(int index) => _block[NameStart(index)..NameEnd(index)];

    /// <summary>Whether an entry is <c>.</c> or <c>..</c>, which name no child.</summary>
    public bool IsDots(int index) => IsDot(index) || Name(index) is [(byte)'.', (byte)'.'];

    /// <summary>Whether an entry is the directory itself.</summary>
    public bool IsDot(int index) => Name(index) is [(byte)'.'];

    private int NameStart(int index) => BinaryPrimitives.ReadUInt16LittleEndian(_block[((index * ErofsFormat.DirentSize) + 8)..]);

    private int NameEnd(int index) => index + 1 < Count ? NameStart(index + 1) : Length;
}
