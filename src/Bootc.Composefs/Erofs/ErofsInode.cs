// An inode on its way into an image: what it describes, and where it will stand.
using Bootc.Linux;

namespace Bootc.Composefs.Erofs;

/// <summary>One of as many as the image has files: all of them stand in one array, in the order of their numbers.</summary>
internal struct ErofsInode
{
    /// <summary>What the inode is made of; an inode that is taken over has none, or one that only stands for it.</summary>
    public ComposefsNode Node;

    /// <summary>Those that may be other inodes' as well, sorted by name; <see langword="null"/> when they are taken over as they are.</summary>
    public ErofsXattr[]? Xattrs;

    /// <summary>A directory's entries, <c>.</c> and <c>..</c> included, sorted by name; empty for all else.</summary>
    public ErofsEntry[] Entries;

    public uint LinkCount;

    /// <summary>The inode's slot, by which directories refer to it.</summary>
    public uint Slot;

    /// <summary>Whole blocks of data, after all inodes.</summary>
    public int Blocks;

    /// <summary>The size of the attributes as an inode says it: their header as one, and one for every four bytes after it.</summary>
    public ushort XattrCount;

    /// <summary>Bytes of data right after the inode.</summary>
    public ushort TailSize;

    /// <summary>Zeros before the inode.</summary>
    public ushort Padding;

    public byte SharedXattrs;

    public bool IsCompact;

    /// <summary>Whether this is one of the whiteouts that hide names of the lower layer's root, written as they are.</summary>
    public bool IsRootWhiteout;

    /// <summary>Whether the inode has a metacopy attribute of its own, which is made of its node when it is needed.</summary>
    public bool HasOwnMetacopy;

    /// <summary>As <see cref="HasOwnMetacopy"/>, of redirect.</summary>
    public bool HasOwnRedirect;

    /// <summary>The kind (<see cref="FileKind"/>) of an inode that is taken over from an image at hand; 0 for others.</summary>
    public byte TakenKind;

    public readonly bool IsTaken => TakenKind != 0;

    public readonly bool IsEscapedWhiteout => !IsRootWhiteout && ErofsTree.IsWhiteout(Node);

    /// <summary>The mode written, which differs from the node's for an escaped whiteout.</summary>
    public readonly uint Mode => IsEscapedWhiteout ? ModeBits.Regular | (Node.Mode & ModeBits.PermissionMask) : Node.Mode;

    public readonly FileKind Kind => IsTaken ? (FileKind)TakenKind : ModeBits.GetKind(Mode);

    public readonly ulong Size => ErofsTree.IsWhiteout(Node) ? 0 : Node.Size;

    public readonly int LinkTargetLength => Node.Payload is { } target ? FileName.GetByteCount(target) : 0;

    public readonly int XattrSize => XattrCount == 0 ? 0 : ErofsFormat.XattrHeaderSize + ((XattrCount - 1) * ErofsFormat.XattrEntrySize);

    public readonly int InodeSize => IsCompact ? ErofsFormat.CompactInodeSize : ErofsFormat.ExtendedInodeSize;
}
