// What an inode in an image says.
using Bootc.Linux;

namespace Bootc.Composefs.Erofs;

internal readonly struct ErofsInodeView
{
    /// <summary>The inode's number: its place in slots from the image's start.</summary>
    public required ulong Slot { get; init; }

    public required bool IsCompact { get; init; }

    public required int Layout { get; init; }

    public required uint Mode { get; init; }

    public required uint Union { get; init; }

    public required ulong Size { get; init; }

    public required uint LinkCount { get; init; }

    public required uint Uid { get; init; }

    public required uint Gid { get; init; }

    public required long ModifiedSeconds { get; init; }

    public required uint ModifiedNanoseconds { get; init; }

    /// <summary>The size of the extended attributes as the inode says it: their header as one, and one for every four bytes after it.</summary>
    public required ushort XattrCount { get; init; }

    /// <summary>Where the inode starts, in bytes from the image's start.</summary>
    public long Start => (long)Slot * ErofsFormat.SlotSize;

    public int InodeSize => IsCompact ? ErofsFormat.CompactInodeSize : ErofsFormat.ExtendedInodeSize;

    /// <summary>Where the extended attributes start, in bytes from the image's start.</summary>
    public long XattrStart => Start + InodeSize;

    public int XattrSize => XattrCount == 0 ? 0 : ErofsFormat.XattrHeaderSize + ((XattrCount - 1) * ErofsFormat.XattrEntrySize);

    public FileKind Kind => ModeBits.GetKind(Mode);
}
