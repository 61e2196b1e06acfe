// The on-disk structures of EROFS, as far as composefs uses them: sizes, offsets and constants.
using Bootc.Linux;

namespace Bootc.Composefs.Erofs;

/// <summary>EROFS on disk (linux/fs/erofs/erofs_fs.h); all numbers are little-endian.</summary>
internal static class ErofsFormat
{
    public const int BlockBits = 12;
    public const int BlockSize = 1 << BlockBits;
    public const int SlotSize = 32; // inodes start at multiples of it; an inode's number is its slot

    // The header of composefs, at offset 0: magic u32, version u32, flags u32, composefs version u32, 16 bytes unused.
    public const uint ComposefsMagic = 0xd078629a;
    public const uint ComposefsVersion = 1;
    public const uint ComposefsHasAcl = 1;
    public const int ComposefsHeaderSize = 32;

    // The superblock, at offset 1024:
    //   0 magic u32            4 checksum u32         8 compatible features u32   12 block size bits u8
    //  14 root inode u16      16 inodes u64          24 build time u64           32 its nanoseconds u32
    //  36 blocks u32          40 metadata block u32  44 xattr block u32          80 incompatible features u32
    public const int SuperblockOffset = 1024;
    public const int SuperblockSize = 128;
    public const uint SuperblockMagic = 0xE0F5E1E2;
    public const uint FeatureMtime = 2;
    public const uint FeatureXattrFilter = 4;

    // A compact inode:                       An extended inode:
    //   0 format u16   2 xattr count u16       0 format u16   2 xattr count u16
    //   4 mode u16     6 links u16             4 mode u16
    //   8 size u32    16 union u32             8 size u64    16 union u32
    //  20 number u32  24 uid u16  26 gid u16  20 number u32  24 uid u32  28 gid u32
    //                                         32 mtime u64   40 its nanoseconds u32   44 links u32
    public const int CompactInodeSize = 32;
    public const int ExtendedInodeSize = 64;

    // Bit 0 of the format: extended. Bits 1 to 3: the layout.
    public const int LayoutFlatPlain = 0;
    public const int LayoutFlatInline = 2;
    public const int LayoutChunkBased = 4;
    public const uint ChunkBlockBitsMask = 0x1f;
    public const uint NullAddress = uint.MaxValue;
    public const int MaximumChunks = BlockSize / sizeof(uint);

    // A directory entry: inode number u64, offset of the name u16, kind u8, reserved u8.
    public const int DirentSize = 12;

    // Before an inode's xattrs: name filter u32, number of shared ones u8, reserved. Each: name length u8, prefix u8, size u16.
    public const int XattrHeaderSize = 12;
    public const int XattrEntrySize = 4;
    public const uint XattrFilterSeed = 0x25BBE08F;
    public const int MaximumSharedXattrs = 0x80;

    private static readonly (string Prefix, byte Index)[] XattrPrefixes =
        [("user.", 1), ("system.posix_acl_access", 2), ("system.posix_acl_default", 3), ("trusted.", 4), ("security.", 6)];

    public static byte KindOf(FileKind kind) => kind switch
    {
        FileKind.Regular => 1,
        FileKind.Directory => 2,
        FileKind.CharacterDevice => 3,
        FileKind.BlockDevice => 4,
        FileKind.Fifo => 5,
        FileKind.Socket => 6,
        FileKind.SymbolicLink => 7,
        _ => 0,
    };

    /// <summary>Splits the name of an extended attribute into the number of its prefix and the rest.</summary>
    public static (byte Index, string Suffix) SplitXattrName(string name)
    {
        foreach ((string prefix, byte index) in XattrPrefixes)
        {
            if (name.StartsWith(prefix, StringComparison.Ordinal))
            {
                return (index, name[prefix.Length..]);
            }
        }

        return (0, name);
    }

    /// <summary>The prefix of a number, or <see langword="null"/> for a number without one.</summary>
    public static string? XattrPrefix(byte index) => index switch
    {
        0 => "",
        1 => "user.",
        2 => "system.posix_acl_access",
        3 => "system.posix_acl_default",
        4 => "trusted.",
        5 => "lustre.",
        6 => "security.",
        _ => null,
    };

    /// <summary>The chunks by which a file without inline content is described: few, but none larger than it needs.</summary>
    public static (int Bits, ulong Count) ChunksOf(ulong size)
    {
        int bits = size > 1 ? 64 - System.Numerics.BitOperations.LeadingZeroCount(size - 1) : 1;
        bits = Math.Clamp(bits, BlockBits, (int)ChunkBlockBitsMask + BlockBits);
        return (bits, ((size - 1) >> bits) + 1);
    }

    public static long Align(long position, int alignment) => (position + alignment - 1) & -alignment;
}
