// An inode on its way into an image: what it describes, and where it will stand.
using Bootc.Linux;

namespace Bootc.Composefs.Erofs;

internal sealed class ErofsInode(ComposefsNode node, uint mode)
{
    public ComposefsNode Node { get; } = node;

    /// <summary>The mode written, which differs from the node's for an escaped whiteout.</summary>
    public uint Mode { get; } = mode;

    public FileKind Kind => ModeBits.GetKind(Mode);

    public ulong Size { get; init; }

    public uint LinkCount { get; set; }

    public uint Number { get; set; }

    /// <summary>Sorted by name.</summary>
    public ErofsXattr[] Xattrs { get; set; } = [];

    /// <summary>A directory's entries, <c>.</c> and <c>..</c> included, sorted by name.</summary>
    public (byte[] Name, ErofsInode Inode, bool IsHardLink)[] Entries { get; set; } = [];

    public byte[] LinkTarget { get; init; } = [];

    public bool IsCompact { get; set; }

    public int XattrSize { get; set; }

    public int SharedXattrs { get; set; }

    /// <summary>Zeros before the inode.</summary>
    public int Padding { get; set; }

    /// <summary>Whole blocks of data, after all inodes.</summary>
    public int Blocks { get; set; }

    /// <summary>Bytes of data right after the inode.</summary>
    public int TailSize { get; set; }

    /// <summary>The inode's slot, by which directories refer to it.</summary>
    public long Slot { get; set; }

    public int InodeSize => IsCompact ? ErofsFormat.CompactInodeSize : ErofsFormat.ExtendedInodeSize;
}
