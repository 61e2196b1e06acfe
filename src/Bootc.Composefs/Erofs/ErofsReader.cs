// Reads a composefs image back into a tree. The image may be anyone's: every offset and size is checked.
using System.Buffers.Binary;
using Bootc.Composefs.FsVerity;
using Bootc.Linux;

namespace Bootc.Composefs.Erofs;

internal sealed class ErofsReader
{
    private const int BackingsBlock = 1024 * BackingFile.Size;

    private readonly ReadOnlyMemory<byte> _image;
    private readonly Dictionary<ulong, ComposefsNode> _nodes = [];
    private readonly HashSet<ulong> _directories = [];
    private readonly Dictionary<uint, ExtendedAttribute> _shared = [];
    private readonly List<ExtendedAttribute> _attributes = []; // of the inode that is looked at
    private readonly Dictionary<FileKind, ComposefsNode> _lastOfKind = []; // many have what the one before has
    private ComposefsNode? _last;
    private byte[] _backings = []; // of nodes, many in one array
    private int _usedBackings;
    private uint _sharedXattrs;
    private long _unclaimed;

    public ErofsReader(ReadOnlyMemory<byte> image)
    {
        _image = image;
        _unclaimed = image.Length;
    }

    public ComposefsNode ReadTree()
    {
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

        _sharedXattrs = BinaryPrimitives.ReadUInt32LittleEndian(superblock[44..]);
        MinimumSeconds = BinaryPrimitives.ReadInt64LittleEndian(superblock[24..]);
        MinimumNanoseconds = BinaryPrimitives.ReadUInt32LittleEndian(superblock[32..]);
        _nodes.EnsureCapacity((int)Math.Min(BinaryPrimitives.ReadUInt64LittleEndian(superblock[16..]), (ulong)_image.Length / ErofsFormat.CompactInodeSize));
        ComposefsNode root = ReadNode(BinaryPrimitives.ReadUInt16LittleEndian(superblock[14..]), isRoot: true, depth: 0, out _);
        return root.Kind == FileKind.Directory ? root : throw new ComposefsFormatException("the root inode is no directory");
    }

    private long MinimumSeconds { get; set; }

    private uint MinimumNanoseconds { get; set; }

    private ComposefsNode ReadNode(ulong slot, bool isRoot, int depth, out bool isWhiteoutOfRoot)
    {
        isWhiteoutOfRoot = false;
        if (depth > ComposefsNode.MaximumDepth)
        {
            throw new ComposefsFormatException($"directories are nested more than {ComposefsNode.MaximumDepth} deep");
        }

        ErofsInodeView inode = ReadInode(slot);
        List<ExtendedAttribute> attributes = ReadXattrs(inode, out ReadOnlySpan<byte> metacopy, out ReadOnlySpan<byte> redirect);
        bool isWhiteout = inode.Kind == FileKind.Regular && inode.Size == 0 && attributes.Exists(static attribute => attribute.Name == OverlayAttributes.EscapedWhiteout);
        uint mode = isWhiteout ? ModeBits.CharacterDevice | (inode.Mode & ModeBits.PermissionMask) : inode.Mode;
        if (ModeBits.GetKind(mode) == FileKind.Unknown)
        {
            throw new ComposefsFormatException($"inode {slot} has the mode {Convert.ToString(mode, 8)}, which no file has");
        }

        var node = new ComposefsNode(mode)
        {
            Uid = inode.Uid,
            Gid = inode.Gid,
            LinkCount = inode.LinkCount,
            ModifiedSeconds = inode.ModifiedSeconds,
            ModifiedNanoseconds = inode.ModifiedNanoseconds,
        };
        _nodes[slot] = node;
        ReadContent(node, inode, slot);
        RestoreXattrs(node, attributes, slot);
        if (node.Kind == FileKind.Regular)
        {
            RestoreBacking(node, metacopy, redirect, slot);
        }

        if (node.Kind == FileKind.Directory)
        {
            node.Size = inode.Size;
            if (!_directories.Add(slot))
            {
                throw new ComposefsFormatException($"the directory in inode {slot} stands at two places");
            }

            ReadDirectory(node, inode, slot, isRoot, depth);
        }

        isWhiteoutOfRoot = !isWhiteout && node.Kind == FileKind.CharacterDevice && node.DeviceNumber == 0;
        return node;
    }

    // Attributes of overlayfs itself describe backing files; those of the tree are escaped. The marks of whiteouts are left
    // out, since writing adds them; those of opaque directories are not, as composefs-info has it.
    private void RestoreXattrs(ComposefsNode node, List<ExtendedAttribute> attributes, ulong slot)
    {
        bool hasWhiteouts = attributes.Exists(static attribute => attribute.Name is OverlayAttributes.EscapedWhiteout or OverlayAttributes.EscapedWhiteouts);
        foreach ((string name, byte[] value) in attributes)
        {
            if (name.StartsWith(OverlayAttributes.EscapePrefix, StringComparison.Ordinal))
            {
                if (!hasWhiteouts || name is not (OverlayAttributes.EscapedWhiteout or OverlayAttributes.EscapedWhiteouts))
                {
                    node.RestoreExtendedAttribute(OverlayAttributes.Prefix + name[OverlayAttributes.EscapePrefix.Length..], value);
                }
            }
            else if (name.StartsWith(OverlayAttributes.Prefix, StringComparison.Ordinal))
            {
                if (node.Kind == FileKind.Regular)
                {
                    RestoreBacking(node, name == OverlayAttributes.Metacopy ? value : [], name == OverlayAttributes.Redirect ? value : [], slot);
                }
            }
            else if (!hasWhiteouts || name is not (OverlayAttributes.UserWhiteout or OverlayAttributes.UserWhiteouts))
            {
                node.RestoreExtendedAttribute(name, value);
            }
        }

        if (attributes.Count > 0 && (_last is null || !node.TryShareExtendedAttributes(_last)))
        {
            _last = node;
        }

        if (!_lastOfKind.TryGetValue(node.Kind, out ComposefsNode? last) || !node.TryShareMetadata(last))
        {
            _lastOfKind[node.Kind] = node;
        }
    }

    private void RestoreBacking(ComposefsNode node, ReadOnlySpan<byte> metacopy, ReadOnlySpan<byte> redirect, ulong slot)
    {
        if (metacopy.IsEmpty && redirect.IsEmpty)
        {
            return;
        }

        if (_backings.Length == _usedBackings)
        {
            _backings = new byte[BackingsBlock];
            _usedBackings = 0;
        }

        _usedBackings += node.TryPlaceBacking(_backings, _usedBackings) ? BackingFile.Size : 0;
        if (!metacopy.IsEmpty)
        {
            node.Digest = metacopy.Length == OverlayAttributes.MetacopyDigestSize && metacopy[3] == 1
                ? new VerityDigest(metacopy[OverlayAttributes.MetacopyHeaderSize..])
                : throw new ComposefsFormatException($"the metacopy attribute of inode {slot} is malformed");
        }

        if (!redirect.IsEmpty)
        {
            node.SetBackingPath(redirect is [(byte)'/', _, ..] ? redirect[1..] : redirect);
        }
    }

    private void ReadContent(ComposefsNode node, ErofsInodeView inode, ulong slot)
    {
        switch (node.Kind)
        {
            case FileKind.SymbolicLink:
                if (inode.Size > ErofsFormat.BlockSize)
                {
                    throw new ComposefsFormatException($"the symbolic link in inode {slot} has a target of {inode.Size} bytes");
                }

                node.Payload = FileName.Decode(ReadData(inode, slot));
                break;
            case FileKind.CharacterDevice or FileKind.BlockDevice when inode.Kind == node.Kind:
                node.DeviceNumber = inode.Union;
                break;
            case FileKind.Regular when inode.Layout == ErofsFormat.LayoutChunkBased:
                node.Size = inode.Size;
                break;
            case FileKind.Regular when inode.Size > 0:
                if (inode.Size > ComposefsNode.MaximumInlineContent)
                {
                    throw new ComposefsFormatException($"inode {slot} has inline content of {inode.Size} bytes");
                }

                node.Content = ReadData(inode, slot);
                break;
        }
    }

    private void ReadDirectory(ComposefsNode node, ErofsInodeView inode, ulong slot, bool isRoot, int depth)
    {
        byte[] data = ReadData(inode, slot);
        for (int block = 0; block < data.Length; block += ErofsFormat.BlockSize)
        {
            ReadDirents(node, data.AsSpan(block, Math.Min(ErofsFormat.BlockSize, data.Length - block)), slot, isRoot, depth);
        }
    }

    private void ReadDirents(ComposefsNode directory, ReadOnlySpan<byte> block, ulong slot, bool isRoot, int depth)
    {
        if (block.Length < ErofsFormat.DirentSize)
        {
            throw new ComposefsFormatException($"a block of the directory in inode {slot} is cut off");
        }

        int namesStart = BinaryPrimitives.ReadUInt16LittleEndian(block[8..]);
        int count = namesStart / ErofsFormat.DirentSize;
        if (count == 0 || namesStart % ErofsFormat.DirentSize != 0 || namesStart > block.Length)
        {
            throw new ComposefsFormatException($"a block of the directory in inode {slot} has its names at offset {namesStart}");
        }

        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> dirent = block[(i * ErofsFormat.DirentSize)..];
            ulong child = BinaryPrimitives.ReadUInt64LittleEndian(dirent);
            int start = BinaryPrimitives.ReadUInt16LittleEndian(dirent[8..]);
            int end = i + 1 < count ? BinaryPrimitives.ReadUInt16LittleEndian(dirent[(ErofsFormat.DirentSize + 8)..]) : block.Length;
            if (start > end || end > block.Length || start < namesStart)
            {
                throw new ComposefsFormatException($"a name of the directory in inode {slot} lies outside of its block");
            }

            ReadOnlySpan<byte> name = block[start..end];
            if (i == count - 1 && name.IndexOf((byte)0) is var terminator and >= 0)
            {
                name = name[..terminator];
            }

            AddEntry(directory, FileName.Decode(name), child, isRoot, depth);
        }
    }

    private void AddEntry(ComposefsNode directory, string name, ulong slot, bool isRoot, int depth)
    {
        if (name is "." or "..")
        {
            return;
        }

        if (_nodes.TryGetValue(slot, out ComposefsNode? existing))
        {
            if (existing.Kind == FileKind.Directory)
            {
                throw new ComposefsFormatException($"the directory in inode {slot} stands at two places");
            }

            directory.Add(name, new ComposefsNode(existing.Mode) { HardLinkTarget = existing });
            return;
        }

        ComposefsNode node = ReadNode(slot, isRoot: false, depth + 1, out bool isWhiteoutOfRoot);
        if (isRoot && isWhiteoutOfRoot && name.Length == 2 && name.All(char.IsAsciiHexDigitLower))
        {
            _nodes.Remove(slot); // it is not in the tree, so that nothing can be a link to it
            return;
        }

        directory.Add(name, node);
    }

    private ErofsInodeView ReadInode(ulong slot)
    {
        if (slot > (ulong)_image.Length / ErofsFormat.SlotSize)
        {
            throw new ComposefsFormatException($"inode {slot} lies outside of the image");
        }

        long position = (long)slot * ErofsFormat.SlotSize;
        ReadOnlySpan<byte> bytes = Bytes(position, ErofsFormat.CompactInodeSize, $"inode {slot}");
        ushort format = BinaryPrimitives.ReadUInt16LittleEndian(bytes);
        bool isCompact = (format & 1) == 0;
        int size = isCompact ? ErofsFormat.CompactInodeSize : ErofsFormat.ExtendedInodeSize;
        bytes = Bytes(position, size, $"inode {slot}");
        int xattrCount = BinaryPrimitives.ReadUInt16LittleEndian(bytes[2..]);
        return new ErofsInodeView
        {
            Layout = (format >> 1) & 7,
            Mode = BinaryPrimitives.ReadUInt16LittleEndian(bytes[4..]),
            Union = BinaryPrimitives.ReadUInt32LittleEndian(bytes[16..]),
            Size = isCompact ? BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]) : BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]),
            LinkCount = isCompact ? BinaryPrimitives.ReadUInt16LittleEndian(bytes[6..]) : BinaryPrimitives.ReadUInt32LittleEndian(bytes[44..]),
            Uid = isCompact ? BinaryPrimitives.ReadUInt16LittleEndian(bytes[24..]) : BinaryPrimitives.ReadUInt32LittleEndian(bytes[24..]),
            Gid = isCompact ? BinaryPrimitives.ReadUInt16LittleEndian(bytes[26..]) : BinaryPrimitives.ReadUInt32LittleEndian(bytes[28..]),
            ModifiedSeconds = isCompact ? MinimumSeconds : BinaryPrimitives.ReadInt64LittleEndian(bytes[32..]),
            ModifiedNanoseconds = isCompact ? MinimumNanoseconds : BinaryPrimitives.ReadUInt32LittleEndian(bytes[40..]),
            XattrStart = position + size,
            XattrSize = xattrCount == 0 ? 0 : ErofsFormat.XattrHeaderSize + ((xattrCount - 1) * ErofsFormat.XattrEntrySize),
        };
    }

    // In the order in which composefs-info shows them: the inode's own ones, then the shared ones.
    // Those of backing files, which most inodes have for themselves alone, are told apart from the others.
    private List<ExtendedAttribute> ReadXattrs(ErofsInodeView inode, out ReadOnlySpan<byte> metacopy, out ReadOnlySpan<byte> redirect)
    {
        List<ExtendedAttribute> attributes = _attributes;
        attributes.Clear();
        metacopy = redirect = [];
        if (inode.XattrSize == 0)
        {
            return attributes;
        }

        ReadOnlySpan<byte> bytes = Bytes(inode.XattrStart, inode.XattrSize, "the extended attributes of an inode");
        Claim(bytes.Length);
        int shared = bytes[4];
        int position = ErofsFormat.XattrHeaderSize + (shared * ErofsFormat.XattrEntrySize);
        if (position > bytes.Length)
        {
            throw new ComposefsFormatException($"an inode names {shared} shared extended attributes in {bytes.Length} bytes");
        }

        while (position + ErofsFormat.XattrEntrySize <= bytes.Length)
        {
            ReadOnlySpan<byte> value = ReadXattr(inode.XattrStart + position, bytes.Length - position, out byte index, out ReadOnlySpan<byte> name, out int size);
            position += size;
            if (index == OverlayAttributes.Index && name.SequenceEqual(OverlayAttributes.MetacopySuffix))
            {
                metacopy = value;
            }
            else if (index == OverlayAttributes.Index && name.SequenceEqual(OverlayAttributes.RedirectSuffix))
            {
                redirect = value;
            }
            else
            {
                attributes.Add(ToAttribute(index, name, value));
            }
        }

        for (int i = 0; i < shared; i++)
        {
            uint offset = BinaryPrimitives.ReadUInt32LittleEndian(bytes[(ErofsFormat.XattrHeaderSize + (i * 4))..]);
            attributes.Add(ReadSharedXattr(offset));
        }

        return attributes;
    }

    private ExtendedAttribute ReadSharedXattr(uint offset)
    {
        if (!_shared.TryGetValue(offset, out ExtendedAttribute attribute))
        {
            long start = ((long)_sharedXattrs * ErofsFormat.BlockSize) + ((long)offset * 4);
            ReadOnlySpan<byte> value = ReadXattr(start, long.MaxValue, out byte index, out ReadOnlySpan<byte> name, out int size);
            attribute = ToAttribute(index, name, value);
            Claim(size);
            _shared.Add(offset, attribute);
        }

        return attribute;
    }

    private static ExtendedAttribute ToAttribute(byte index, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value) =>
        new(ErofsFormat.XattrPrefix(index) + FileName.Decode(name), value.ToArray());

    private ReadOnlySpan<byte> ReadXattr(long start, long room, out byte index, out ReadOnlySpan<byte> name, out int size)
    {
        ReadOnlySpan<byte> entry = Bytes(start, ErofsFormat.XattrEntrySize, "an extended attribute");
        int nameLength = entry[0];
        index = entry[1];
        int valueSize = BinaryPrimitives.ReadUInt16LittleEndian(entry[2..]);
        size = (int)ErofsFormat.Align(ErofsFormat.XattrEntrySize + nameLength + valueSize, 4);
        if (size > room || ErofsFormat.XattrPrefix(index) is null)
        {
            throw new ComposefsFormatException($"the extended attribute at offset {start} is malformed");
        }

        ReadOnlySpan<byte> rest = Bytes(start + ErofsFormat.XattrEntrySize, nameLength + valueSize, "an extended attribute");
        name = rest[..nameLength];
        return rest[nameLength..];
    }

    private byte[] ReadData(ErofsInodeView inode, ulong slot)
    {
        if (inode.Layout is not (ErofsFormat.LayoutFlatPlain or ErofsFormat.LayoutFlatInline))
        {
            throw new ComposefsFormatException($"inode {slot} has the data layout {inode.Layout}, which composefs does not use here");
        }

        if (inode.Size > (ulong)_image.Length)
        {
            throw new ComposefsFormatException($"inode {slot} claims {inode.Size} bytes, more than the image has");
        }

        Claim((long)inode.Size);
        int size = (int)inode.Size;
        int tail = inode.Layout == ErofsFormat.LayoutFlatInline ? size % ErofsFormat.BlockSize : 0;
        byte[] data = new byte[size];
        Bytes((long)inode.Union * ErofsFormat.BlockSize, size - tail, $"the data of inode {slot}").CopyTo(data);
        Bytes(inode.XattrStart + inode.XattrSize, tail, $"the data of inode {slot}").CopyTo(data.AsSpan(size - tail));
        return data;
    }

    // No two inodes have data in common. An image that says so could make a tree without bounds of few bytes.
    private void Claim(long size)
    {
        _unclaimed -= size;
        if (_unclaimed < 0)
        {
            throw new ComposefsFormatException($"the inodes claim more data than the image of {_image.Length} bytes has");
        }
    }

    private ReadOnlySpan<byte> Bytes(long position, int count, string what)
    {
        if (count == 0)
        {
            return [];
        }

        return position >= 0 && count >= 0 && position <= _image.Length - count
            ? _image.Span.Slice((int)position, count)
            : throw new ComposefsFormatException($"{what} at offset {position} lies outside of the image of {_image.Length} bytes");
    }
}
