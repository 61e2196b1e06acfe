// A tree made ready for an image: overlayfs attributes added, whiteouts escaped, all inodes in order and in place.
using Bootc.Linux;

namespace Bootc.Composefs.Erofs;

/// <summary>The inodes of an image in breadth-first order, with the layout that libcomposefs gives them.</summary>
internal sealed class ErofsTree
{
    private static readonly byte[] Self = "."u8.ToArray();
    private static readonly byte[] Parent = ".."u8.ToArray();
    private const int NamesOfRoot = 256; // that FinishRoot takes care of
    private const uint WhiteoutMode = ModeBits.CharacterDevice | 0x1A4;

    private readonly Dictionary<ComposefsNode, ErofsInode> _inodes = new(ReferenceEqualityComparer.Instance);
    private readonly ErofsXattr.Pool _xattrs = new();
    private readonly List<ErofsXattr> _gathered = []; // of the node that is looked at
    private readonly List<string> _path = []; // of the node that is looked at, for errors

    private ErofsTree(int version) => Version = version;

    public int Version { get; }

    public List<ErofsInode> Inodes { get; } = [];

    public List<ErofsXattr> SharedXattrs { get; } = [];

    public long SharedXattrsSize { get; private set; }

    /// <summary>Where the inodes end, in bytes from the image's start.</summary>
    public long InodesEnd { get; private set; }

    public long DataBlocks { get; private set; }

    public long MinimumSeconds { get; private set; }

    public uint MinimumNanoseconds { get; private set; }

    public bool HasAcl { get; private set; }

    public static ErofsTree Build(ComposefsNode root, ComposefsOptions options)
    {
        if (options.MinVersion is < 0 or > 1 || options.MaxVersion is < 0 or > 1)
        {
            throw new ComposefsFormatException($"composefs images have version 0 or 1, not {options.MinVersion} to {options.MaxVersion}");
        }

        if (root.Kind != FileKind.Directory)
        {
            throw new ComposefsFormatException("the root of a composefs image must be a directory");
        }

        bool needsNewest = options.MaxVersion > options.MinVersion && HasWhiteouts(root);
        var tree = new ErofsTree(needsNewest ? options.MaxVersion : options.MinVersion);
        int count = CountNodes(root);
        tree._inodes.EnsureCapacity(count);
        tree.Inodes.EnsureCapacity(count + NamesOfRoot);
        ErofsInode inode = tree.CreateInodes(root);
        tree.AddEntries(root, inode, inode);
        tree.FinishRoot(root, inode);
        tree.Order(inode);
        tree.ShareXattrs();
        tree.PlaceInodes();
        return tree;
    }

    private static int CountNodes(ComposefsNode node)
    {
        int count = 1;
        foreach (ComposefsNode child in node.Entries.Values)
        {
            count += CountNodes(child);
        }

        return count;
    }

    private static bool IsWhiteout(ComposefsNode node) => node.Kind == FileKind.CharacterDevice && node.DeviceNumber == 0;

    private static bool HasWhiteouts(ComposefsNode node)
    {
        if (node.HardLinkTarget is not null)
        {
            return false;
        }

        if (IsWhiteout(node))
        {
            return true;
        }

        foreach (ComposefsNode child in node.Entries.Values)
        {
            if (HasWhiteouts(child))
            {
                return true;
            }
        }

        return false;
    }

    private string ShownPath => "/" + string.Join('/', _path);

    private ErofsInode CreateInodes(ComposefsNode node)
    {
        bool isWhiteout = IsWhiteout(node);
        uint mode = isWhiteout ? ModeBits.Regular | (node.Mode & ModeBits.PermissionMask) : node.Mode;
        var inode = new ErofsInode(node, mode)
        {
            Size = isWhiteout ? 0 : node.Size,
            LinkCount = node.LinkCount,
            LinkTarget = node.Kind == FileKind.SymbolicLink
                ? FileName.Encode(node.Payload ?? throw new ComposefsFormatException($"the symbolic link '{ShownPath}' has no target"))
                : [],
        };
        if (!_inodes.TryAdd(node, inode))
        {
            throw new ComposefsFormatException($"the node '{ShownPath}' stands at two places of the tree");
        }

        AddXattrs(node, inode);
        foreach ((string name, ComposefsNode child) in node.Entries)
        {
            if (child.HardLinkTarget is null)
            {
                _path.Add(name);
                CreateInodes(child);
                _path.RemoveAt(_path.Count - 1);
                if (IsWhiteout(child))
                {
                    MarkWhiteoutParent(inode);
                }
            }
        }

        return inode;
    }

    private void AddXattrs(ComposefsNode node, ErofsInode inode)
    {
        _gathered.Clear();
        for (int i = 0; i < node.ExtendedAttributes.Count; i++)
        {
            (string name, byte[] value) = node.ExtendedAttributes[i];
            string escaped = name.StartsWith(OverlayAttributes.Prefix, StringComparison.Ordinal)
                ? OverlayAttributes.EscapePrefix + name[OverlayAttributes.Prefix.Length..]
                : name;
            Gather(escaped, value);
        }

        if (IsWhiteout(node))
        {
            Gather(OverlayAttributes.EscapedWhiteout, []);
            Gather(OverlayAttributes.UserWhiteout, []);
        }
        else if (node.Kind == FileKind.Regular && node.Size > 0 && node.Content is null)
        {
            GatherBacking(node);
        }

        if (_gathered.Count > 0)
        {
            inode.Xattrs = [.. _gathered];
        }
    }

    private void GatherBacking(ComposefsNode node)
    {
        if (ErofsFormat.ChunksOf(node.Size).Count > ErofsFormat.MaximumChunks)
        {
            throw new ComposefsFormatException($"the file '{ShownPath}' of {node.Size} bytes is too large for a composefs image");
        }

        Gather(OverlayAttributes.Metacopy, OverlayAttributes.MetacopyOf(node.Digest));
        if (!string.IsNullOrEmpty(node.Payload))
        {
            Gather(OverlayAttributes.Redirect, RedirectTo(node.Payload));
        }
    }

    // A slash comes before it in any case, so that it can be taken off again.
    private static byte[] RedirectTo(string backingFile)
    {
        byte[] path = new byte[1 + FileName.GetByteCount(backingFile)];
        path[0] = (byte)'/';
        FileName.Encode(backingFile, path.AsSpan(1));
        return path;
    }

    private void Gather(string name, byte[] value)
    {
        ErofsXattr xattr = _xattrs.Get(name, value);
        for (int i = 0; i < _gathered.Count; i++)
        {
            if (_gathered[i].Name == xattr.Name)
            {
                _gathered[i] = xattr;
                return;
            }
        }

        _gathered.Add(xattr);
    }

    private void MarkWhiteoutParent(ErofsInode parent)
    {
        SetXattr(parent, OverlayAttributes.EscapedWhiteouts, []);
        SetXattr(parent, OverlayAttributes.UserWhiteouts, []);
        if (Version >= 1)
        {
            SetXattr(parent, OverlayAttributes.EscapedOpaque, "x"u8.ToArray());
            SetXattr(parent, OverlayAttributes.UserOpaque, "x"u8.ToArray());
        }
    }

    private void SetXattr(ErofsInode inode, string name, byte[] value)
    {
        ErofsXattr xattr = _xattrs.Get(name, value);
        for (int i = 0; i < inode.Xattrs.Length; i++)
        {
            if (inode.Xattrs[i].Name == xattr.Name)
            {
                inode.Xattrs[i] = xattr;
                return;
            }
        }

        inode.Xattrs = [.. inode.Xattrs, xattr];
    }

    private void AddEntries(ComposefsNode node, ErofsInode inode, ErofsInode parent)
    {
        var entries = new (byte[] Name, ErofsInode Inode, bool IsHardLink)[node.Children.Count + 2];
        entries[0] = (Self, inode, true);
        entries[1] = (Parent, parent, true);
        int count = 2;
        uint directories = 0;
        foreach ((string name, ComposefsNode child) in node.Entries)
        {
            ComposefsNode target = child.Resolve();
            bool isLink = child.HardLinkTarget is not null;
            if (!_inodes.TryGetValue(target, out ErofsInode? targetInode))
            {
                throw new ComposefsFormatException($"the hard link '{ShownPath}/{name}' points outside of the tree");
            }

            if (isLink && (child.Kind == FileKind.Directory || target.Kind == FileKind.Directory))
            {
                throw new ComposefsFormatException($"'{ShownPath}/{name}' is a hard link to a directory");
            }

            entries[count++] = (FileName.Encode(name), targetInode, isLink);
            if (!isLink && child.Kind == FileKind.Directory)
            {
                directories++;
                _path.Add(name);
                AddEntries(child, targetInode, inode);
                _path.RemoveAt(_path.Count - 1);
            }
        }

        inode.LinkCount = 2 + directories;
        inode.Entries = entries;
    }

    // The root hides all that the layer of backing files has: it is opaque, and where no name stands, a whiteout does.
    private void FinishRoot(ComposefsNode root, ErofsInode inode)
    {
        SetXattr(inode, OverlayAttributes.Opaque, "y"u8.ToArray());
        ExtendedAttribute? label = root.ExtendedAttributes.Where(attribute => attribute.Name == "security.selinux").Cast<ExtendedAttribute?>().FirstOrDefault();
        var entries = new List<(byte[] Name, ErofsInode Inode, bool IsHardLink)>(inode.Entries);
        for (int i = 0; i < NamesOfRoot; i++)
        {
            string name = i.ToString("x2", System.Globalization.CultureInfo.InvariantCulture);
            if (root.Children.ContainsKey(name))
            {
                continue;
            }

            var node = new ComposefsNode(WhiteoutMode)
            {
                Uid = root.Uid,
                Gid = root.Gid,
                ModifiedSeconds = root.ModifiedSeconds,
                ModifiedNanoseconds = root.ModifiedNanoseconds,
            };
            var whiteout = new ErofsInode(node, WhiteoutMode) { LinkCount = 1 };
            if (label is { } selinux)
            {
                SetXattr(whiteout, selinux.Name, selinux.Value);
            }

            entries.Add((FileName.Encode(name), whiteout, false));
        }

        inode.Entries = [.. entries];
    }

    private void Order(ErofsInode root)
    {
        MinimumSeconds = root.Node.ModifiedSeconds;
        MinimumNanoseconds = root.Node.ModifiedNanoseconds;
        Inodes.Add(root);
        for (int i = 0; i < Inodes.Count; i++)
        {
            ErofsInode inode = Inodes[i];
            inode.Number = (uint)i;
            if (inode.Entries.Length > 0)
            {
                Array.Sort(inode.Entries, static (a, b) => a.Name.AsSpan().SequenceCompareTo(b.Name));
            }

            if (inode.Xattrs.Length > 1)
            {
                Array.Sort(inode.Xattrs, static (a, b) => a.Name.Bytes.AsSpan().SequenceCompareTo(b.Name.Bytes));
            }

            if ((inode.Node.ModifiedSeconds, inode.Node.ModifiedNanoseconds).CompareTo((MinimumSeconds, MinimumNanoseconds)) < 0)
            {
                (MinimumSeconds, MinimumNanoseconds) = (inode.Node.ModifiedSeconds, inode.Node.ModifiedNanoseconds);
            }

            HasAcl |= Array.Exists(inode.Xattrs, static xattr => xattr.Name.Index is 2 or 3 && xattr.Name.Suffix.Length == 0);
            foreach ((_, ErofsInode child, bool isHardLink) in inode.Entries)
            {
                if (!isHardLink)
                {
                    Inodes.Add(child);
                }
            }
        }
    }

    private void ShareXattrs()
    {
        foreach (ErofsInode inode in Inodes)
        {
            foreach (ErofsXattr xattr in inode.Xattrs)
            {
                xattr.Uses++;
            }
        }

        SharedXattrs.AddRange(_xattrs.All.Where(xattr => xattr.Uses > 1));
        SharedXattrs.Sort(static (a, b) =>
            b.Name.Bytes.AsSpan().SequenceCompareTo(a.Name.Bytes) is var byName and not 0 ? byName
            : a.Value.Length != b.Value.Length ? b.Value.Length - a.Value.Length
            : b.Value.AsSpan().SequenceCompareTo(a.Value));
        foreach (ErofsXattr xattr in SharedXattrs)
        {
            xattr.SharedOffset = SharedXattrsSize;
            SharedXattrsSize += xattr.EntrySize;
        }
    }

    private void PlaceInodes()
    {
        long position = ErofsFormat.SuperblockOffset + ErofsFormat.SuperblockSize;
        foreach (ErofsInode inode in Inodes)
        {
            ComputeDataSize(inode);
            inode.IsCompact = FitsCompact(inode);
            ComputeXattrSize(inode);
            long start = ErofsFormat.Align(position, ErofsFormat.SlotSize);
            inode.Padding = (int)(start - position);
            int extra = PadForTail(inode, start);
            inode.Padding += extra;
            position = start + extra;
            inode.Slot = position / ErofsFormat.SlotSize;
            DataBlocks += inode.Blocks;
            position += inode.InodeSize + inode.XattrSize + inode.TailSize;
        }

        InodesEnd = ErofsFormat.Align(position, ErofsFormat.SlotSize);
    }

    private static void ComputeDataSize(ErofsInode inode)
    {
        switch (inode.Kind)
        {
            case FileKind.Directory:
                ComputeDirectorySize(inode);
                break;
            case FileKind.SymbolicLink:
                inode.TailSize = inode.LinkTarget.Length;
                break;
            case FileKind.Regular when inode.Size > 0 && inode.Node.Content is not null:
                inode.Blocks = (int)(inode.Size / ErofsFormat.BlockSize);
                inode.TailSize = (int)(inode.Size % ErofsFormat.BlockSize);
                MoveLargeTail(inode);
                break;
            case FileKind.Regular when inode.Size > 0:
                inode.TailSize = (int)ErofsFormat.ChunksOf(inode.Size).Count * sizeof(uint);
                break;
        }
    }

    private static void ComputeDirectorySize(ErofsInode inode)
    {
        foreach ((byte[] name, _, _) in inode.Entries)
        {
            int length = ErofsFormat.DirentSize + name.Length;
            if (inode.TailSize + length > ErofsFormat.BlockSize)
            {
                inode.Blocks++;
                inode.TailSize = 0;
            }

            inode.TailSize += length;
        }

        MoveLargeTail(inode);
    }

    // More than half a block gets a block of its own.
    private static void MoveLargeTail(ErofsInode inode)
    {
        if (inode.TailSize > ErofsFormat.BlockSize / 2)
        {
            inode.Blocks++;
            inode.TailSize = 0;
        }
    }

    private bool FitsCompact(ErofsInode inode)
    {
        ulong size = inode.Kind == FileKind.Directory ? ((ulong)inode.Blocks * ErofsFormat.BlockSize) + (ulong)inode.TailSize : inode.Size;
        return inode.Node.ModifiedSeconds == MinimumSeconds
            && inode.Node.ModifiedNanoseconds == MinimumNanoseconds
            && inode.LinkCount <= ushort.MaxValue
            && inode.Node.Uid <= ushort.MaxValue
            && inode.Node.Gid <= ushort.MaxValue
            && size <= uint.MaxValue;
    }

    private static void ComputeXattrSize(ErofsInode inode)
    {
        if (inode.Xattrs.Length == 0)
        {
            return;
        }

        int size = ErofsFormat.XattrHeaderSize;
        foreach (ErofsXattr xattr in inode.Xattrs)
        {
            bool isShared = xattr.SharedOffset >= 0 && inode.SharedXattrs < ErofsFormat.MaximumSharedXattrs;
            inode.SharedXattrs += isShared ? 1 : 0;
            size += isShared ? ErofsFormat.XattrEntrySize : xattr.EntrySize;
        }

        inode.XattrSize = (int)ErofsFormat.Align(size, 4);
        if (((inode.XattrSize - ErofsFormat.XattrHeaderSize) / 4) + 1 > ushort.MaxValue)
        {
            throw new ComposefsFormatException("the extended attributes of a file are too many for an image");
        }
    }

    /// <summary>Zeros before an inode so that its tail does not cross a block; where that cannot be, the tail gets a block.</summary>
    private static int PadForTail(ErofsInode inode, long position)
    {
        int head = inode.InodeSize + inode.XattrSize;
        int toNextBlock = (int)(ErofsFormat.Align(position, ErofsFormat.BlockSize) - position);
        if (inode.Kind == FileKind.SymbolicLink)
        {
            // Inode and target stay in one block together.
            int total = head + inode.TailSize;
            bool crosses = position / ErofsFormat.BlockSize != (position + total - 1) / ErofsFormat.BlockSize;
            if (total >= ErofsFormat.BlockSize)
            {
                inode.Blocks++;
                inode.TailSize = 0;
            }

            return crosses ? toNextBlock : 0;
        }

        int room = ErofsFormat.BlockSize - (int)((position + head) % ErofsFormat.BlockSize);
        if (room >= inode.TailSize)
        {
            return 0;
        }

        int extra = (int)ErofsFormat.Align(room, ErofsFormat.SlotSize);
        if (inode.TailSize <= ErofsFormat.BlockSize - (int)((position + head + extra) % ErofsFormat.BlockSize))
        {
            return extra;
        }

        inode.Blocks++;
        inode.TailSize = 0;
        return toNextBlock;
    }
}
