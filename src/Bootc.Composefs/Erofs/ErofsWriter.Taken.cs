// Writes what is taken over from an image at hand: its bytes, with the numbers that the new image has.
using System.Buffers.Binary;
using Bootc.Linux;

namespace Bootc.Composefs.Erofs;

internal sealed partial class ErofsWriter
{
    private void WriteTakenInode(ErofsTree tree, int index, ref readonly ErofsInode inode)
    {
        PutZeros(inode.Padding);
        ErofsInodeView taken = tree.Image.ReadInode(tree.TakenOf(index).Slot);
        (int layout, ulong size, uint union) = DescribeData(in inode, taken.Size, isChunked: taken.Size > 0);
        Span<byte> bytes = stackalloc byte[ErofsFormat.ExtendedInodeSize];
        bytes = bytes[..taken.InodeSize];
        tree.Image.InodeBytes(taken).CopyTo(bytes);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, FormatOf(in inode, layout));
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[2..], inode.XattrCount);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[16..], union);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[20..], (uint)index);
        if (inode.IsCompact)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(bytes[8..], (uint)size);
        }
        else
        {
            BinaryPrimitives.WriteUInt64LittleEndian(bytes[8..], size);
        }

        Put(bytes);
        if (inode.Xattrs is not null)
        {
            WriteXattrs(tree, in inode);
        }
        else
        {
            PutTakenXattrs(tree, tree.Image.XattrsOf(taken));
        }

        if (inode.TailSize > 0)
        {
            WriteTakenTail(tree, index, taken, in inode);
        }
    }

    private void PutTakenXattrs(ErofsTree tree, ErofsInlineXattrs xattrs)
    {
        if (xattrs.Bytes.IsEmpty)
        {
            return;
        }

        Put(xattrs.Bytes[..ErofsFormat.XattrHeaderSize]);
        for (int i = 0; i < xattrs.SharedCount; i++)
        {
            PutSharedXattr(tree, tree.TakenXattr(xattrs.SharedOffset(i)));
        }

        Put(xattrs.Bytes[(ErofsFormat.XattrHeaderSize + (xattrs.SharedCount * ErofsFormat.XattrEntrySize))..]);
    }

    private void WriteTakenTail(ErofsTree tree, int index, ErofsInodeView taken, ref readonly ErofsInode inode)
    {
        switch (inode.Kind)
        {
            case FileKind.Directory:
                int child = tree.TakenOf(index).FirstChild;
                for (int block = 0; block < inode.Blocks; block++)
                {
                    child += CountChildren(new ErofsDirents(tree.Image.ReadBlock(taken, block), taken.Slot));
                }

                PutTakenDirents(tree, index, taken, inode.Blocks, ref child);
                break;
            case FileKind.SymbolicLink:
                Put(tree.Image.ReadBlock(taken, 0));
                break;
            default:
                PutNullChunks(inode.TailSize);
                break;
        }
    }

    private void WriteTakenBlocks(ErofsTree tree, int index, ref readonly ErofsInode inode)
    {
        ErofsInodeView taken = tree.Image.ReadInode(tree.TakenOf(index).Slot);
        switch (inode.Kind)
        {
            case FileKind.Directory:
                int child = tree.TakenOf(index).FirstChild;
                for (int block = 0; block < inode.Blocks; block++)
                {
                    PutTakenDirents(tree, index, taken, block, ref child);
                    AlignTo(ErofsFormat.BlockSize);
                }

                break;
            case FileKind.SymbolicLink:
                Put(tree.Image.ReadBlock(taken, 0));
                break;
            default:
                PutNullChunks(ErofsFormat.BlockSize);
                break;
        }
    }

    private void PutTakenDirents(ErofsTree tree, int index, ErofsInodeView taken, int block, ref int child)
    {
        ReadOnlySpan<byte> bytes = tree.Image.ReadBlock(taken, block);
        var dirents = new ErofsDirents(bytes, taken.Slot);
        Span<byte> copy = stackalloc byte[ErofsFormat.BlockSize];
        copy = copy[..dirents.Length];
        bytes[..dirents.Length].CopyTo(copy);
        for (int i = 0; i < dirents.Count; i++)
        {
            int target = !dirents.IsDots(i) ? child++ : dirents.IsDot(i) ? index : tree.TakenOf(index).Parent;
            BinaryPrimitives.WriteInt64LittleEndian(copy[(i * ErofsFormat.DirentSize)..], tree.Inodes[target].Slot);
        }

        Put(copy);
    }

    private static int CountChildren(ErofsDirents dirents)
    {
        int count = 0;
        for (int i = 0; i < dirents.Count; i++)
        {
            count += dirents.IsDots(i) ? 0 : 1;
        }

        return count;
    }
}
