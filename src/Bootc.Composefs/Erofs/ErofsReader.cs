// Reads a composefs image back into a tree.
using Bootc.Composefs.FsVerity;
using Bootc.Linux;

namespace Bootc.Composefs.Erofs;

internal sealed class ErofsReader
{
    private const int BackingsBlock = 1024 * BackingFile.Size;

    private readonly ErofsView _image;
    private readonly Dictionary<ulong, ComposefsNode> _nodes = [];
    private readonly HashSet<ulong> _directories = [];
    private readonly Dictionary<uint, ExtendedAttribute> _shared = [];
    private readonly List<ExtendedAttribute> _attributes = []; // of the inode that is looked at
    private readonly Dictionary<FileKind, ComposefsNode> _lastOfKind = []; // many have what the one before has
    private ComposefsNode? _last;
    private byte[] _backings = []; // of nodes, many in one array
    private int _usedBackings;
    private long _unclaimed;

    public ErofsReader(ReadOnlyMemory<byte> image)
    {
        _image = new ErofsView(image);
        _unclaimed = image.Length;
    }

    public ComposefsNode ReadTree()
    {
        _nodes.EnsureCapacity(_image.InodeCount);
        ComposefsNode root = ReadNode(_image.RootSlot, isRoot: true, depth: 0, out _);
        return root.Kind == FileKind.Directory ? root : throw new ComposefsFormatException("the root inode is no directory");
    }

    private ComposefsNode ReadNode(ulong slot, bool isRoot, int depth, out bool isWhiteoutOfRoot)
    {
        isWhiteoutOfRoot = false;
        if (depth > ComposefsNode.MaximumDepth)
        {
            throw new ComposefsFormatException($"directories are nested more than {ComposefsNode.MaximumDepth} deep");
        }

        ErofsInodeView inode = _image.ReadInode(slot);
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
        ReadContent(node, inode);
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

            ReadDirectory(node, inode, isRoot, depth);
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

    private void ReadContent(ComposefsNode node, ErofsInodeView inode)
    {
        switch (node.Kind)
        {
            case FileKind.SymbolicLink:
                if (inode.Size > ErofsFormat.BlockSize)
                {
                    throw new ComposefsFormatException($"the symbolic link in inode {inode.Slot} has a target of {inode.Size} bytes");
                }

                node.Payload = FileName.Decode(ReadData(inode));
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
                    throw new ComposefsFormatException($"inode {inode.Slot} has inline content of {inode.Size} bytes");
                }

                node.Content = ReadData(inode);
                break;
        }
    }

    private void ReadDirectory(ComposefsNode node, ErofsInodeView inode, bool isRoot, int depth)
    {
        int blocks = _image.CountBlocks(inode);
        Claim((long)inode.Size);
        for (int block = 0; block < blocks; block++)
        {
            var dirents = new ErofsDirents(_image.ReadBlock(inode, block), inode.Slot);
            for (int i = 0; i < dirents.Count; i++)
            {
                AddEntry(node, FileName.Decode(dirents.Name(i)), dirents.Slot(i), isRoot, depth);
            }
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

        ErofsInlineXattrs xattrs = _image.XattrsOf(inode);
        Claim(xattrs.Bytes.Length);
        while (xattrs.TryRead(out ErofsXattrView xattr))
        {
            if (xattr.IsMetacopy)
            {
                metacopy = xattr.Value;
            }
            else if (xattr.IsRedirect)
            {
                redirect = xattr.Value;
            }
            else
            {
                attributes.Add(ToAttribute(xattr));
            }
        }

        for (int i = 0; i < xattrs.SharedCount; i++)
        {
            attributes.Add(ReadSharedXattr(xattrs.SharedOffset(i)));
        }

        return attributes;
    }

    private ExtendedAttribute ReadSharedXattr(uint offset)
    {
        if (!_shared.TryGetValue(offset, out ExtendedAttribute attribute))
        {
            attribute = ToAttribute(_image.ReadSharedXattr(offset, out int size));
            Claim(size);
            _shared.Add(offset, attribute);
        }

        return attribute;
    }

    private static ExtendedAttribute ToAttribute(ErofsXattrView xattr) => new(xattr.Name, xattr.Value.ToArray());

    private byte[] ReadData(ErofsInodeView inode)
    {
        byte[] data = _image.ReadData(inode);
        Claim(data.Length);
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
}
