// The parts of a composefs image by their place. The image may be anyone's: every offset and size is checked.
using System.Buffers.Binary;
using Bootc.Linux;

namespace Bootc.Composefs.Erofs;

/// <summary>The bytes of an image, and where its inodes, extended attributes and data are in them.</summary>
internal sealed class ErofsView
{
    private readonly ReadOnlyMemory<byte> _image;
    private readonly uint _sharedXattrs; // the block where they start

    /// <summary>Reads an image's header.</summary>
    /// <exception cref="ComposefsFormatException">It is none of a composefs image.</exception>
    public ErofsView(ReadOnlyMemory<byte> image)
    {
        _image = image;
        ReadOnlySpan<byte> header = Bytes(0, ErofsFormat.SuperblockOffset + ErofsFormat.SuperblockSize, "the header");
        if (BinaryPrimitives.ReadUInt32LittleEndian(header) != ErofsFormat.ComposefsMagic)
        {
            throw new ComposefsFormatException("this is no composefs image: the magic number at its start is missing");
        }

        ReadOnlySpan<byte> superblock = header[ErofsFormat.SuperblockOffset..];
        if (BinaryPrimitives.ReadUInt32LittleEndian(superblock) != ErofsFormat.SuperblockMagic || superblock[12] != ErofsFormat.BlockBits)
        {
            throw new ComposefsFormatException($"the EROFS superblock at offset {ErofsFormat.SuperblockOffset} is not one of composefs");
        }

        if (BinaryPrimitives.ReadUInt32LittleEndian(superblock[40..]) != 0)
        {
            throw new ComposefsFormatException("the inodes do not start in the first block, as those of composefs do");
        }

        RootSlot = BinaryPrimitives.ReadUInt16LittleEndian(superblock[14..]);
        InodeCount = (int)Math.Min(BinaryPrimitives.ReadUInt64LittleEndian(superblock[16..]), (ulong)image.Length / ErofsFormat.CompactInodeSize);
        MinimumSeconds = BinaryPrimitives.ReadInt64LittleEndian(superblock[24..]);
        MinimumNanoseconds = BinaryPrimitives.ReadUInt32LittleEndian(superblock[32..]);
        _sharedXattrs = BinaryPrimitives.ReadUInt32LittleEndian(superblock[44..]);
    }

    /// <summary>The image's size in bytes.</summary>
    public int Length => _image.Length;

    public ulong RootSlot { get; }

    /// <summary>How many inodes the image says it has, and not more than it has room for.</summary>
    public int InodeCount { get; }

    /// <summary>When compact inodes were modified, in seconds since the epoch.</summary>
    public long MinimumSeconds { get; }

    /// <summary>The nanoseconds of it.</summary>
    public uint MinimumNanoseconds { get; }

    public ErofsInodeView ReadInode(ulong slot)
    {
        if (slot > (ulong)_image.Length / ErofsFormat.SlotSize)
        {
            throw new ComposefsFormatException($"inode {slot} lies outside of the image");
        }

        long position = (long)slot * ErofsFormat.SlotSize;
        ReadOnlySpan<byte> bytes = Bytes(position, ErofsFormat.CompactInodeSize, "inode", slot);
        ushort format = BinaryPrimitives.ReadUInt16LittleEndian(bytes);
        bool isCompact = (format & 1) == 0;
        int size = isCompact ? ErofsFormat.CompactInodeSize : ErofsFormat.ExtendedInodeSize;
        bytes = Bytes(position, size, "inode", slot);
        return new ErofsInodeView
        {
            Slot = slot,
            IsCompact = isCompact,
            Layout = (format >> 1) & 7,
            Mode = BinaryPrimitives.ReadUInt16LittleEndian(bytes[4..]),
            Union = BinaryPrimitives.ReadUInt32LittleEndian(bytes[16..]),
            Size = isCompact ? BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]) : BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]),
            LinkCount = isCompact ? BinaryPrimitives.ReadUInt16LittleEndian(bytes[6..]) : BinaryPrimitives.ReadUInt32LittleEndian(bytes[44..]),
            Uid = isCompact ? BinaryPrimitives.ReadUInt16LittleEndian(bytes[24..]) : BinaryPrimitives.ReadUInt32LittleEndian(bytes[24..]),
            Gid = isCompact ? BinaryPrimitives.ReadUInt16LittleEndian(bytes[26..]) : BinaryPrimitives.ReadUInt32LittleEndian(bytes[28..]),
            ModifiedSeconds = isCompact ? MinimumSeconds : BinaryPrimitives.ReadInt64LittleEndian(bytes[32..]),
            ModifiedNanoseconds = isCompact ? MinimumNanoseconds : BinaryPrimitives.ReadUInt32LittleEndian(bytes[40..]),
            XattrCount = BinaryPrimitives.ReadUInt16LittleEndian(bytes[2..]),
        };
    }

    /// <summary>The inode itself, without what follows it.</summary>
    public ReadOnlySpan<byte> InodeBytes(ErofsInodeView inode) => Bytes(inode.Start, inode.InodeSize, "an inode");

    /// <summary>The extended attributes of an inode: their header, references to shared ones, and its own.</summary>
    public ErofsInlineXattrs XattrsOf(ErofsInodeView inode) =>
        new(this, inode.XattrStart, inode.XattrSize == 0 ? [] : Bytes(inode.XattrStart, inode.XattrSize, "the extended attributes of an inode"));

    /// <summary>One of the attributes that several inodes have.</summary>
    /// <param name="offset">What inodes have to refer to it.</param>
    /// <param name="size">Receives its size in the image.</param>
    public ErofsXattrView ReadSharedXattr(uint offset, out int size) =>
        ReadXattr(((long)_sharedXattrs * ErofsFormat.BlockSize) + ((long)offset * 4), long.MaxValue, out size);

    /// <summary>An attribute at a place.</summary>
    /// <param name="start">The place.</param>
    /// <param name="room">How many bytes it may have.</param>
    /// <param name="size">Receives how many it has.</param>
    public ErofsXattrView ReadXattr(long start, long room, out int size)
    {
        ReadOnlySpan<byte> entry = Bytes(start, ErofsFormat.XattrEntrySize, "an extended attribute");
        int nameLength = entry[0];
        byte index = entry[1];
        int valueSize = BinaryPrimitives.ReadUInt16LittleEndian(entry[2..]);
        size = (int)ErofsFormat.Align(ErofsFormat.XattrEntrySize + nameLength + valueSize, 4);
        if (size > room || ErofsFormat.XattrPrefix(index) is null)
        {
            throw new ComposefsFormatException($"the extended attribute at offset {start} is malformed");
        }

        ReadOnlySpan<byte> rest = Bytes(start + ErofsFormat.XattrEntrySize, nameLength + valueSize, "an extended attribute");
        return new ErofsXattrView(index, rest[..nameLength], rest[nameLength..]);
    }

    /// <summary>How many blocks a directory's or a link's data has, the last one being part of one mostly.</summary>
    /// <exception cref="ComposefsFormatException">The data is laid out otherwise, or there is more of it than the image has bytes.</exception>
    public int CountBlocks(ErofsInodeView inode)
    {
        if (inode.Layout is not (ErofsFormat.LayoutFlatPlain or ErofsFormat.LayoutFlatInline))
        {
            throw new ComposefsFormatException($"inode {inode.Slot} has the data layout {inode.Layout}, which composefs does not use here");
        }

        if (inode.Size > (ulong)_image.Length)
        {
            throw new ComposefsFormatException($"inode {inode.Slot} claims {inode.Size} bytes, more than the image has");
        }

        return (int)(ErofsFormat.Align((long)inode.Size, ErofsFormat.BlockSize) / ErofsFormat.BlockSize);
    }

    /// <summary>A block of an inode's data, one of those that <see cref="CountBlocks"/> counts.</summary>
    public ReadOnlySpan<byte> ReadBlock(ErofsInodeView inode, int block)
    {
        long start = (long)block * ErofsFormat.BlockSize;
        int count = (int)Math.Min((long)inode.Size - start, ErofsFormat.BlockSize);
        bool isTail = inode.Layout == ErofsFormat.LayoutFlatInline && count < ErofsFormat.BlockSize;
        return Bytes(isTail ? inode.XattrStart + inode.XattrSize : ((long)inode.Union * ErofsFormat.BlockSize) + start, count, "the data of inode", inode.Slot);
    }

    /// <summary>All data of an inode.</summary>
    /// <inheritdoc cref="CountBlocks" path="/exception"/>
    public byte[] ReadData(ErofsInodeView inode)
    {
        int blocks = CountBlocks(inode);
        byte[] data = new byte[(int)inode.Size];
        for (int block = 0; block < blocks; block++)
        {
            ReadBlock(inode, block).CopyTo(data.AsSpan(block * ErofsFormat.BlockSize));
        }

        return data;
    }

    private ReadOnlySpan<byte> Bytes(long position, int count, string what, ulong? inode = null)
    {
        if (count == 0)
        {
            return [];
        }

        return position >= 0 && count >= 0 && position <= _image.Length - count
            ? _image.Span.Slice((int)position, count)
            : throw new ComposefsFormatException($"{what}{(inode is null ? "" : $" {inode}")} at offset {position} lies outside of the image of {_image.Length} bytes");
    }
}
