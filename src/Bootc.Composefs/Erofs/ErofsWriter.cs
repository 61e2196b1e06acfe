// Writes the image of a tree that is in place, measuring it on the way.
using System.Buffers;
using System.Buffers.Binary;
using Bootc.Composefs.FsVerity;
using Bootc.Linux;

namespace Bootc.Composefs.Erofs;

internal sealed partial class ErofsWriter(Stream destination)
{
    private const int BufferSize = 64 * 1024;

    private readonly VerityHasher _hasher = new();
    private readonly byte[] _buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
    private int _fill;
    private long _position;
    private long _nextBlock;

    public VerityDigest Write(ErofsTree tree)
    {
        long dataStart = ErofsFormat.Align(tree.InodesEnd + tree.SharedXattrsSize, ErofsFormat.BlockSize);
        _nextBlock = dataStart / ErofsFormat.BlockSize;
        ReserveMemory(dataStart + (tree.DataBlocks * ErofsFormat.BlockSize));
        WriteHeader(tree);
        WriteSuperblock(tree, dataStart);
        for (int i = 0; i < tree.Inodes.Length; i++)
        {
            ref ErofsInode inode = ref tree.Inodes[i];
            if (inode.IsTaken)
            {
                WriteTakenInode(tree, i, in inode);
            }
            else
            {
                WriteInode(tree, in inode);
            }
        }

        AlignTo(ErofsFormat.SlotSize);
        foreach (ErofsXattr xattr in tree.SharedXattrs)
        {
            WriteXattr(xattr);
        }

        AlignTo(ErofsFormat.BlockSize);
        for (int i = 0; i < tree.Inodes.Length; i++)
        {
            ref ErofsInode inode = ref tree.Inodes[i];
            if (inode.Blocks > 0)
            {
                WriteBlocks(tree, i, in inode);
                AlignTo(ErofsFormat.BlockSize);
            }
        }

        Flush();
        ArrayPool<byte>.Shared.Return(_buffer);
        return _hasher.Finish();
    }

    // A stream that grows by doubling would copy most of the image.
    private void ReserveMemory(long size)
    {
        if (destination is MemoryStream memory && memory.Position + size is var end and <= int.MaxValue && end > memory.Capacity)
        {
            memory.Capacity = (int)end;
        }
    }

    private void WriteHeader(ErofsTree tree)
    {
        Span<byte> header = stackalloc byte[ErofsFormat.ComposefsHeaderSize];
        header.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(header, ErofsFormat.ComposefsMagic);
        BinaryPrimitives.WriteUInt32LittleEndian(header[4..], ErofsFormat.ComposefsVersion);
        BinaryPrimitives.WriteUInt32LittleEndian(header[8..], tree.HasAcl ? ErofsFormat.ComposefsHasAcl : 0);
        BinaryPrimitives.WriteInt32LittleEndian(header[12..], tree.Version);
        Put(header);
        PutZeros(ErofsFormat.SuperblockOffset - ErofsFormat.ComposefsHeaderSize);
    }

    private void WriteSuperblock(ErofsTree tree, long dataStart)
    {
        Span<byte> superblock = stackalloc byte[ErofsFormat.SuperblockSize];
        superblock.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(superblock, ErofsFormat.SuperblockMagic);
        BinaryPrimitives.WriteUInt32LittleEndian(superblock[8..], ErofsFormat.FeatureMtime | ErofsFormat.FeatureXattrFilter);
        superblock[12] = ErofsFormat.BlockBits;
        BinaryPrimitives.WriteUInt16LittleEndian(superblock[14..], (ushort)tree.Inodes[0].Slot);
        BinaryPrimitives.WriteInt64LittleEndian(superblock[16..], tree.Inodes.Length);
        BinaryPrimitives.WriteInt64LittleEndian(superblock[24..], tree.MinimumSeconds);
        BinaryPrimitives.WriteUInt32LittleEndian(superblock[32..], tree.MinimumNanoseconds);
        BinaryPrimitives.WriteUInt32LittleEndian(superblock[36..], (uint)((dataStart / ErofsFormat.BlockSize) + tree.DataBlocks));
        BinaryPrimitives.WriteUInt32LittleEndian(superblock[44..], (uint)(tree.InodesEnd / ErofsFormat.BlockSize));
        Put(superblock);
    }

    private void WriteInode(ErofsTree tree, ref readonly ErofsInode inode)
    {
        PutZeros(inode.Padding);
        ulong fileSize = inode.Kind == FileKind.SymbolicLink ? (ulong)inode.LinkTargetLength : inode.Size;
        (int layout, ulong size, uint union) = DescribeData(in inode, fileSize, isChunked: fileSize > 0 && inode.Node.Content is null);
        Span<byte> bytes = stackalloc byte[ErofsFormat.ExtendedInodeSize];
        bytes.Clear();
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, FormatOf(in inode, layout));
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[2..], inode.XattrCount);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[4..], (ushort)inode.Mode);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[16..], union);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[20..], (uint)inode.Node.InodeIndex);
        if (inode.IsCompact)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(bytes[6..], (ushort)inode.LinkCount);
            BinaryPrimitives.WriteUInt32LittleEndian(bytes[8..], (uint)size);
            BinaryPrimitives.WriteUInt16LittleEndian(bytes[24..], (ushort)inode.Node.Uid);
            BinaryPrimitives.WriteUInt16LittleEndian(bytes[26..], (ushort)inode.Node.Gid);
        }
        else
        {
            BinaryPrimitives.WriteUInt64LittleEndian(bytes[8..], size);
            BinaryPrimitives.WriteUInt32LittleEndian(bytes[24..], inode.Node.Uid);
            BinaryPrimitives.WriteUInt32LittleEndian(bytes[28..], inode.Node.Gid);
            BinaryPrimitives.WriteInt64LittleEndian(bytes[32..], inode.Node.ModifiedSeconds);
            BinaryPrimitives.WriteUInt32LittleEndian(bytes[40..], inode.Node.ModifiedNanoseconds);
            BinaryPrimitives.WriteUInt32LittleEndian(bytes[44..], inode.LinkCount);
        }

        Put(bytes[..inode.InodeSize]);
        WriteXattrs(tree, in inode);
        WriteTail(tree, in inode);
    }

    private static ushort FormatOf(ref readonly ErofsInode inode, int layout) => (ushort)((layout << 1) | (inode.IsCompact ? 0 : 1));

    private (int Layout, ulong Size, uint Union) DescribeData(ref readonly ErofsInode inode, ulong fileSize, bool isChunked)
    {
        int layout = inode.TailSize > 0 ? ErofsFormat.LayoutFlatInline : ErofsFormat.LayoutFlatPlain;
        uint union = 0;
        if (inode.Blocks > 0)
        {
            union = (uint)_nextBlock;
            _nextBlock += inode.Blocks;
        }

        switch (inode.Kind)
        {
            case FileKind.Directory:
                return (layout, ((ulong)inode.Blocks * ErofsFormat.BlockSize) + (ulong)inode.TailSize, union);
            case FileKind.SymbolicLink:
                return (layout, fileSize, union);
            case FileKind.CharacterDevice or FileKind.BlockDevice:
                return (layout, 0, (uint)inode.Node.DeviceNumber);
            case FileKind.Regular when isChunked:
                // The chunk format takes the lower half of the union; the upper one keeps what stood there.
                uint chunkFormat = (uint)(ErofsFormat.ChunksOf(fileSize).Bits - ErofsFormat.BlockBits);
                return (ErofsFormat.LayoutChunkBased, fileSize, (union & 0xffff0000) | chunkFormat);
            case FileKind.Regular:
                return (layout, fileSize, union);
            default:
                return (layout, 0, 0);
        }
    }

    private void WriteXattrs(ErofsTree tree, ref readonly ErofsInode inode)
    {
        if (inode.XattrCount == 0)
        {
            return;
        }

        ReadOnlySpan<ErofsXattr> xattrs = tree.XattrsOf(in inode);
        uint filter = uint.MaxValue;
        foreach (ErofsXattr xattr in xattrs)
        {
            filter &= ~xattr.Name.FilterBit;
        }

        Span<byte> header = stackalloc byte[ErofsFormat.XattrHeaderSize];
        header.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(header, filter);
        header[4] = (byte)inode.SharedXattrs;
        Put(header);
        int shared = 0;
        foreach (ErofsXattr xattr in xattrs)
        {
            if (xattr.SharedOffset >= 0 && shared < inode.SharedXattrs)
            {
                shared++;
                PutSharedXattr(tree, xattr);
            }
        }

        shared = 0;
        foreach (ErofsXattr xattr in xattrs)
        {
            if (xattr.SharedOffset >= 0 && shared < inode.SharedXattrs)
            {
                shared++;
                continue;
            }

            WriteXattr(xattr);
        }
    }

    private void PutSharedXattr(ErofsTree tree, ErofsXattr xattr)
    {
        Span<byte> reference = stackalloc byte[ErofsFormat.XattrEntrySize];
        long offset = (tree.InodesEnd % ErofsFormat.BlockSize) + xattr.SharedOffset;
        BinaryPrimitives.WriteUInt32LittleEndian(reference, (uint)(offset / 4));
        Put(reference);
    }

    private void WriteXattr(ErofsXattr xattr)
    {
        Span<byte> entry = stackalloc byte[ErofsFormat.XattrEntrySize];
        entry[0] = (byte)xattr.Name.Suffix.Length;
        entry[1] = xattr.Name.Index;
        BinaryPrimitives.WriteUInt16LittleEndian(entry[2..], (ushort)xattr.Value.Length);
        Put(entry);
        Put(xattr.Name.Suffix);
        Put(xattr.Value);
        AlignTo(4);
    }

    private void WriteTail(ErofsTree tree, ref readonly ErofsInode inode)
    {
        if (inode.TailSize == 0)
        {
            return;
        }

        switch (inode.Kind)
        {
            case FileKind.Directory:
                int first = inode.Entries.Length;
                for (int size = 0; size < inode.TailSize;)
                {
                    size += ErofsFormat.DirentSize + inode.Entries[--first].NameLength;
                }

                WriteDirents(tree, inode.Entries.AsSpan(first));
                break;
            case FileKind.SymbolicLink:
                Put(FileName.Encode(inode.Node.Payload!));
                break;
            case FileKind.Regular when inode.Node.Content is { } content:
                Put(content.AsSpan(content.Length - inode.TailSize));
                break;
            case FileKind.Regular:
                PutNullChunks(inode.TailSize);
                break;
        }
    }

    private void WriteBlocks(ErofsTree tree, int index, ref readonly ErofsInode inode)
    {
        switch (inode.Kind)
        {
            case var _ when inode.IsTaken:
                WriteTakenBlocks(tree, index, in inode);
                break;
            case FileKind.Directory:
                WriteDirectoryBlocks(tree, in inode);
                break;
            case FileKind.SymbolicLink:
                Put(FileName.Encode(inode.Node.Payload!));
                break;
            case FileKind.Regular when inode.Node.Content is { } content:
                Put(content.AsSpan(0, content.Length - inode.TailSize));
                break;
            case FileKind.Regular:
                PutNullChunks(ErofsFormat.BlockSize);
                break;
        }
    }

    private void WriteDirectoryBlocks(ErofsTree tree, ref readonly ErofsInode inode)
    {
        int written = 0;
        int first = 0;
        int size = 0;
        for (int i = 0; i < inode.Entries.Length; i++)
        {
            int length = ErofsFormat.DirentSize + inode.Entries[i].NameLength;
            if (size + length > ErofsFormat.BlockSize)
            {
                WriteDirents(tree, inode.Entries.AsSpan(first..i));
                AlignTo(ErofsFormat.BlockSize);
                written++;
                first = i;
                size = 0;
            }

            size += length;
        }

        if (written < inode.Blocks)
        {
            WriteDirents(tree, inode.Entries.AsSpan(first));
        }
    }

    private void WriteDirents(ErofsTree tree, ReadOnlySpan<ErofsEntry> entries)
    {
        Span<byte> dirent = stackalloc byte[ErofsFormat.DirentSize];
        dirent.Clear();
        int nameOffset = entries.Length * ErofsFormat.DirentSize;
        foreach (ErofsEntry entry in entries)
        {
            ref readonly ErofsInode target = ref tree.InodeOf(entry);
            BinaryPrimitives.WriteInt64LittleEndian(dirent, target.Slot);
            BinaryPrimitives.WriteUInt16LittleEndian(dirent[8..], (ushort)nameOffset);
            dirent[10] = ErofsFormat.KindOf(target.Kind);
            nameOffset += entry.NameLength;
            Put(dirent);
        }

        Span<byte> name = stackalloc byte[ComposefsNode.MaximumNameLength];
        foreach (ErofsEntry entry in entries)
        {
            Put(name[..FileName.Encode(entry.Name, name)]);
        }
    }

    private void PutNullChunks(int size)
    {
        Span<byte> chunk = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(chunk, ErofsFormat.NullAddress);
        for (int i = 0; i < size; i += sizeof(uint))
        {
            Put(chunk);
        }
    }

    private void AlignTo(int alignment) => PutZeros((int)(ErofsFormat.Align(_position, alignment) - _position));

    private void PutZeros(int count)
    {
        Span<byte> zeros = stackalloc byte[256];
        zeros.Clear();
        for (; count > 0; count -= zeros.Length)
        {
            Put(zeros[..Math.Min(count, zeros.Length)]);
        }
    }

    private void Put(ReadOnlySpan<byte> bytes)
    {
        _position += bytes.Length;
        while (!bytes.IsEmpty)
        {
            if (_fill == BufferSize)
            {
                Flush();
            }

            int count = Math.Min(bytes.Length, BufferSize - _fill);
            bytes[..count].CopyTo(_buffer.AsSpan(_fill));
            _fill += count;
            bytes = bytes[count..];
        }
    }

    private void Flush()
    {
        _hasher.Append(_buffer.AsSpan(0, _fill));
        destination.Write(_buffer, 0, _fill);
        _fill = 0;
    }
}
