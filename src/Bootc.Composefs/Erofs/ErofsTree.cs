// A tree made ready for an image: overlayfs attributes added, whiteouts escaped, all inodes in order and in place.
using System.Numerics;
using System.Runtime.InteropServices;
using Bootc.Linux;

namespace Bootc.Composefs.Erofs;

/// <summary>The inodes of an image in breadth-first order, with the layout that libcomposefs gives them.</summary>
internal sealed partial class ErofsTree
{
    private const int NamesOfRoot = 256; // that whiteouts are for
    private const uint WhiteoutMode = ModeBits.CharacterDevice | 0x1A4;

    private readonly ErofsXattr.Pool _xattrs = new();
    private readonly List<ErofsXattr> _gathered = []; // of the inode that is looked at
    private readonly List<ErofsEntry> _sorted = []; // of the directory that is looked at
    private readonly ErofsInode[] _inodes;
    private int _count;

    // Those that are made anew for each inode.
    private readonly ErofsXattr _metacopy = new(new ErofsXattrName(OverlayAttributes.Metacopy), OverlayAttributes.MetacopyOf(default));
    private readonly ErofsXattr _redirect = new(new ErofsXattrName(OverlayAttributes.Redirect), RedirectTo(new string('0', 65)));
    private readonly ErofsXattr _objectRedirect = new(new ErofsXattrName(OverlayAttributes.Redirect), RedirectTo(new string('0', 70)));

    // The attributes of the last node, which the next one often has as well.
    private ExtendedAttribute[] _lastAttributes = [];
    private ErofsXattr[] _lastXattrs = [];

    private ErofsTree(int version, int capacity, ErofsView? image)
    {
        Version = version;
        _inodes = new ErofsInode[capacity];
        if (image is not null)
        {
            _image = image;
            _taken = new TakenInode[capacity];
            _takenSlots = new((image.Length / ErofsFormat.SlotSize) + 1);
        }
    }

    public int Version { get; }

    /// <summary>The inodes, an inode's number being its index.</summary>
    public Span<ErofsInode> Inodes => _inodes.AsSpan(0, _count);

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
        ErofsView? image = null;
        int count = CountNodes(root, ref image) + (image?.InodeCount ?? 0) + NamesOfRoot;
        var tree = new ErofsTree(needsNewest ? options.MaxVersion : options.MinVersion, count, image);
        tree.AddInodes(root);
        tree.RequireLinksInside();
        tree.FindMinimumTime();
        tree.RequireSameTime();
        tree.ShareXattrs();
        tree.PlaceInodes();
        return tree;
    }

    /// <summary>The inode that a name stands for.</summary>
    public ref readonly ErofsInode InodeOf(ErofsEntry entry) => ref _inodes[entry.Node.Resolve().InodeIndex];

    /// <summary>Whether overlayfs would take a file for the mark that a name is hidden.</summary>
    public static bool IsWhiteout(ComposefsNode node) => node.Kind == FileKind.CharacterDevice && node.DeviceNumber == 0;

    // Those of the image at hand, if there is one, are not counted.
    private static int CountNodes(ComposefsNode node, ref ErofsView? image)
    {
        if (node.Taken is { } taken)
        {
            image ??= taken.Image;
            return image == taken.Image ? 1 : throw new ArgumentException("the nodes are taken over from several images", nameof(node));
        }

        int count = 1;
        foreach (ComposefsNode child in node.Entries.Values)
        {
            count += CountNodes(child, ref image);
        }

        return count;
    }

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

    // Breadth first: an inode's children are added when its turn comes, sorted by name.
    private void AddInodes(ComposefsNode root)
    {
        Add(root, ".", 0);
        SetXattr(ref _inodes[0], OverlayAttributes.Opaque, "y"u8.ToArray());
        for (int i = 0; i < _count; i++)
        {
            if (_inodes[i].IsTaken)
            {
                if (_inodes[i].Kind == FileKind.Directory)
                {
                    AddTakenChildren(i);
                }
            }
            else if (_inodes[i].Node.Kind == FileKind.Directory && !_inodes[i].IsRootWhiteout)
            {
                AddChildren(i);
            }
        }
    }

    private void Add(ComposefsNode node, string name, int parent)
    {
        if (IsInTree(node))
        {
            throw new ComposefsFormatException($"the node '{PathOf(parent, name)}' stands at two places of the tree");
        }

        if (node.Taken is { } taken)
        {
            AddTaken(taken.Slot, parent, node);
            return;
        }

        if (node.Kind == FileKind.SymbolicLink && node.Payload is null)
        {
            throw new ComposefsFormatException($"the symbolic link '{PathOf(parent, name)}' has no target");
        }

        node.InodeIndex = _count;
        ref ErofsInode inode = ref _inodes[_count++];
        inode = new ErofsInode
        {
            Node = node,
            LinkCount = node.LinkCount,
            Xattrs = XattrsOf(node),
            Entries = node.Kind == FileKind.Directory ? [new("..", node.InodeIndex == 0 ? node : _inodes[parent].Node)] : [],
        };
        if (IsWhiteout(node))
        {
            SetXattr(ref inode, OverlayAttributes.EscapedWhiteout, []);
            SetXattr(ref inode, OverlayAttributes.UserWhiteout, []);
        }
        else if (node.Kind == FileKind.Regular && node.Size > 0 && node.Content is null)
        {
            if (ErofsFormat.ChunksOf(node.Size).Count > ErofsFormat.MaximumChunks)
            {
                throw new ComposefsFormatException($"the file '{PathOf(parent, name)}' of {node.Size} bytes is too large for a composefs image");
            }

            AddBacking(ref inode);
        }
    }

    // Digest and place are different in almost every file: they stay with the node until it turns out that others have them too.
    private void AddBacking(ref ErofsInode inode)
    {
        inode.HasOwnMetacopy = inode.Node.Backing.HasDigest;
        if (!inode.HasOwnMetacopy)
        {
            SetXattr(ref inode, OverlayAttributes.Metacopy, []);
        }

        inode.HasOwnRedirect = inode.Node.Backing.HasName;
        if (!inode.HasOwnRedirect && inode.Node.Payload is { Length: > 0 } path)
        {
            SetXattr(ref inode, OverlayAttributes.Redirect, RedirectTo(path));
        }
    }

    private void AddChildren(int index)
    {
        ComposefsNode node = _inodes[index].Node;
        List<ErofsEntry> entries = _sorted;
        entries.Clear();
        entries.Add(new(".", node));
        entries.AddRange(_inodes[index].Entries);
        foreach ((string name, ComposefsNode child) in node.Entries)
        {
            entries.Add(new(name, child));
        }

        if (index == 0)
        {
            AddRootWhiteouts(node, entries);
        }

        entries.Sort(ErofsEntry.Compare);
        _inodes[index].Entries = [.. entries];
        uint directories = 0;
        foreach (ErofsEntry entry in entries)
        {
            if (entry.IsHardLink)
            {
                continue;
            }

            if (index == 0 && !node.Entries.ContainsKey(entry.Name))
            {
                AddRootWhiteout(node, entry.Node);
                continue;
            }

            Add(entry.Node, entry.Name, index);
            directories += entry.Node.Kind == FileKind.Directory ? 1u : 0;
            if (IsWhiteout(entry.Node))
            {
                MarkWhiteoutParent(ref _inodes[index]);
            }
        }

        _inodes[index].LinkCount = 2 + directories;
    }

    // The root hides all that the layer of backing files has: it is opaque, and where no name stands, a whiteout does.
    private static void AddRootWhiteouts(ComposefsNode root, List<ErofsEntry> entries)
    {
        for (int i = 0; i < NamesOfRoot; i++)
        {
            string name = i.ToString("x2", System.Globalization.CultureInfo.InvariantCulture);
            if (!root.Entries.ContainsKey(name))
            {
                entries.Add(new(name, new ComposefsNode(WhiteoutMode)
                {
                    Uid = root.Uid,
                    Gid = root.Gid,
                    ModifiedSeconds = root.ModifiedSeconds,
                    ModifiedNanoseconds = root.ModifiedNanoseconds,
                }));
            }
        }
    }

    private void AddRootWhiteout(ComposefsNode root, ComposefsNode node)
    {
        node.InodeIndex = _count;
        ref ErofsInode inode = ref _inodes[_count++];
        inode = new ErofsInode { Node = node, LinkCount = 1, Xattrs = [], Entries = [], IsRootWhiteout = true };
        int label = Array.FindIndex(root.Attributes, static attribute => attribute.Name == "security.selinux");
        if (label >= 0)
        {
            SetXattr(ref inode, root.Attributes[label].Name, root.Attributes[label].Value);
        }
    }

    private bool IsInTree(ComposefsNode node) => node.InodeIndex < _count && ReferenceEquals(_inodes[node.InodeIndex].Node, node);

    private void RequireLinksInside()
    {
        for (int i = 0; i < _count; i++)
        {
            foreach (ErofsEntry entry in _inodes[i].Entries)
            {
                if (entry.Node.HardLinkTarget is null)
                {
                    continue;
                }

                ComposefsNode target = entry.Node.Resolve();
                if (!IsInTree(target))
                {
                    throw new ComposefsFormatException($"the hard link '{PathOf(i, entry.Name)}' points outside of the tree");
                }

                if (entry.Node.Kind == FileKind.Directory || target.Kind == FileKind.Directory)
                {
                    throw new ComposefsFormatException($"'{PathOf(i, entry.Name)}' is a hard link to a directory");
                }
            }
        }
    }

    // For errors.
    private string PathOf(int directory, string name)
    {
        string path = name;
        for (int index = directory; index > 0;)
        {
            ComposefsNode node = _inodes[index].Node;
            index = Array.Find(_inodes[index].Entries, static entry => entry.Name == "..").Node.InodeIndex;
            path = $"{Array.Find(_inodes[index].Entries, entry => ReferenceEquals(entry.Node, node) && !entry.IsHardLink).Name}/{path}";
        }

        return "/" + path;
    }

    private ErofsXattr[] XattrsOf(ComposefsNode node)
    {
        if (ReferenceEquals(node.Attributes, _lastAttributes))
        {
            return _lastXattrs;
        }

        _gathered.Clear();
        foreach ((string name, byte[] value) in node.Attributes)
        {
            string escaped = name.StartsWith(OverlayAttributes.Prefix, StringComparison.Ordinal)
                ? OverlayAttributes.EscapePrefix + name[OverlayAttributes.Prefix.Length..]
                : name;
            _gathered.Add(_xattrs.Get(escaped, value));
        }

        _gathered.Sort(ErofsXattr.CompareNames);
        _lastAttributes = node.Attributes;
        return _lastXattrs = [.. _gathered];
    }

    // A slash comes before it in any case, so that it can be taken off again.
    private static byte[] RedirectTo(string backingFile)
    {
        byte[] path = new byte[1 + FileName.GetByteCount(backingFile)];
        path[0] = (byte)'/';
        FileName.Encode(backingFile, path.AsSpan(1));
        return path;
    }

    private void MarkWhiteoutParent(ref ErofsInode parent)
    {
        SetXattr(ref parent, OverlayAttributes.EscapedWhiteouts, []);
        SetXattr(ref parent, OverlayAttributes.UserWhiteouts, []);
        if (Version >= 1)
        {
            SetXattr(ref parent, OverlayAttributes.EscapedOpaque, "x"u8.ToArray());
            SetXattr(ref parent, OverlayAttributes.UserOpaque, "x"u8.ToArray());
        }
    }

    // The array may be other inodes' as well, so it stays as it is.
    private void SetXattr(ref ErofsInode inode, string name, byte[] value)
    {
        ErofsXattr xattr = _xattrs.Get(name, value);
        ErofsXattr[] xattrs = [.. inode.Xattrs!.Where(other => other.Name != xattr.Name), xattr];
        Array.Sort(xattrs, ErofsXattr.CompareNames);
        inode.Xattrs = xattrs;
    }

    private void FindMinimumTime()
    {
        MinimumSeconds = _inodes[0].Node.ModifiedSeconds;
        MinimumNanoseconds = _inodes[0].Node.ModifiedNanoseconds;
        for (int i = 0; i < _count; i++)
        {
            ref ErofsInode inode = ref _inodes[i];
            (long Seconds, uint Nanoseconds) time = inode.IsTaken ? TimeOfTaken(i) : (inode.Node.ModifiedSeconds, inode.Node.ModifiedNanoseconds);
            if (time.CompareTo((MinimumSeconds, MinimumNanoseconds)) < 0)
            {
                (MinimumSeconds, MinimumNanoseconds) = time;
            }

            HasAcl |= inode.Xattrs is not null && Array.Exists(inode.Xattrs, static xattr => xattr.Name.Index is 2 or 3 && xattr.Name.Suffix.Length == 0);
        }
    }

    /// <summary>All attributes of an inode, sorted by name. They are good until those of another one are asked for.</summary>
    public ReadOnlySpan<ErofsXattr> XattrsOf(ref readonly ErofsInode inode)
    {
        if (!inode.HasOwnMetacopy && !inode.HasOwnRedirect)
        {
            return inode.Xattrs;
        }

        _gathered.Clear();
        _gathered.AddRange(inode.Xattrs!);
        if (inode.HasOwnMetacopy)
        {
            inode.Node.Backing.DigestBytes.CopyTo(_metacopy.Value.AsSpan(OverlayAttributes.MetacopyHeaderSize));
            Insert(_metacopy);
        }

        if (inode.HasOwnRedirect)
        {
            BackingFile backing = inode.Node.Backing;
            ErofsXattr redirect = backing.HasSuffix ? _objectRedirect : _redirect;
            backing.WritePath(redirect.Value.AsSpan(1));
            Insert(redirect);
        }

        return CollectionsMarshal.AsSpan(_gathered);
    }

    private void Insert(ErofsXattr xattr)
    {
        int index = _gathered.Count;
        while (index > 0 && ErofsXattr.CompareNames(_gathered[index - 1], xattr) > 0)
        {
            index--;
        }

        _gathered.Insert(index, xattr);
    }

    // What several inodes have is written once for them. Inodes by digest, or by path: a table of their numbers, each beginning with one.
    private void ShareBacking(bool byPath, int[] table)
    {
        Array.Clear(table);
        for (int i = 0; i < _count; i++)
        {
            if (byPath ? _inodes[i].HasOwnRedirect : _inodes[i].HasOwnMetacopy)
            {
                ref int first = ref FindFirst(table, i, byPath);
                if (first == 0)
                {
                    first = i + 1;
                    continue;
                }

                ShareBacking(ref _inodes[first - 1], byPath);
                ShareBacking(ref _inodes[i], byPath);
            }
        }
    }

    // The place of the first inode that has what another one has, or the empty place where it belongs.
    private ref int FindFirst(int[] table, int index, bool byPath)
    {
        BackingFile backing = _inodes[index].Node.Backing;
        ReadOnlySpan<byte> key = byPath ? backing.NameBytes : backing.DigestBytes;
        var hash = default(HashCode);
        hash.AddBytes(key);
        for (int place = hash.ToHashCode() & (table.Length - 1); ; place = (place + 1) & (table.Length - 1))
        {
            if (table[place] == 0)
            {
                return ref table[place];
            }

            // The same name with and without a suffix makes two paths.
            BackingFile other = _inodes[table[place] - 1].Node.Backing;
            if (key.SequenceEqual(byPath ? other.NameBytes : other.DigestBytes) && (!byPath || backing.HasSuffix == other.HasSuffix))
            {
                return ref table[place];
            }
        }
    }

    private void ShareBacking(ref ErofsInode inode, bool byPath)
    {
        if (byPath && inode.HasOwnRedirect)
        {
            inode.HasOwnRedirect = false;
            SetXattr(ref inode, OverlayAttributes.Redirect, RedirectTo(inode.Node.Payload!));
        }
        else if (!byPath && inode.HasOwnMetacopy)
        {
            inode.HasOwnMetacopy = false;
            SetXattr(ref inode, OverlayAttributes.Metacopy, OverlayAttributes.MetacopyOf(inode.Node.Digest!.Value));
        }
    }

    private void ShareXattrs()
    {
        if (_image is not null)
        {
            GatherTakenXattrs();
        }

        uint own = 0;
        foreach (ref ErofsInode inode in Inodes)
        {
            own += inode.HasOwnMetacopy || inode.HasOwnRedirect ? 1u : 0;
        }

        int[] table = new int[BitOperations.RoundUpToPowerOf2(own + (own / 2) + 2)]; // a third of it stays empty
        ShareBacking(byPath: false, table);
        ShareBacking(byPath: true, table);
        foreach (ref ErofsInode inode in Inodes)
        {
            foreach (ErofsXattr xattr in inode.Xattrs ?? [])
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
        for (int i = 0; i < _count; i++)
        {
            ref ErofsInode inode = ref _inodes[i];
            if (inode.IsTaken)
            {
                ComputeTakenSize(i, ref inode);
            }
            else
            {
                ComputeDataSize(ref inode);
                inode.IsCompact = FitsCompact(ref inode);
            }

            if (inode.Xattrs is not null)
            {
                ComputeXattrSize(ref inode);
            }

            long start = ErofsFormat.Align(position, ErofsFormat.SlotSize);
            int extra = PadForTail(ref inode, start);
            inode.Padding = (ushort)(start - position + extra);
            position = start + extra;
            inode.Slot = checked((uint)(position / ErofsFormat.SlotSize));
            DataBlocks += inode.Blocks;
            position += inode.InodeSize + inode.XattrSize + inode.TailSize;
        }

        InodesEnd = ErofsFormat.Align(position, ErofsFormat.SlotSize);
    }

    private static void ComputeDataSize(ref ErofsInode inode)
    {
        switch (inode.Kind)
        {
            case FileKind.Directory:
                ComputeDirectorySize(ref inode);
                break;
            case FileKind.SymbolicLink:
                inode.TailSize = (ushort)inode.LinkTargetLength;
                break;
            case FileKind.Regular when inode.Size > 0 && inode.Node.Content is not null:
                inode.Blocks = (int)(inode.Size / ErofsFormat.BlockSize);
                inode.TailSize = (ushort)(inode.Size % ErofsFormat.BlockSize);
                MoveLargeTail(ref inode);
                break;
            case FileKind.Regular when inode.Size > 0:
                inode.TailSize = (ushort)(ErofsFormat.ChunksOf(inode.Size).Count * sizeof(uint));
                break;
        }
    }

    private static void ComputeDirectorySize(ref ErofsInode inode)
    {
        foreach (ErofsEntry entry in inode.Entries)
        {
            int length = ErofsFormat.DirentSize + entry.NameLength;
            if (inode.TailSize + length > ErofsFormat.BlockSize)
            {
                inode.Blocks++;
                inode.TailSize = 0;
            }

            inode.TailSize += (ushort)length;
        }

        MoveLargeTail(ref inode);
    }

    // More than half a block gets a block of its own.
    private static void MoveLargeTail(ref ErofsInode inode)
    {
        if (inode.TailSize > ErofsFormat.BlockSize / 2)
        {
            inode.Blocks++;
            inode.TailSize = 0;
        }
    }

    private bool FitsCompact(ref ErofsInode inode)
    {
        ulong size = inode.Kind == FileKind.Directory ? ((ulong)inode.Blocks * ErofsFormat.BlockSize) + (ulong)inode.TailSize : inode.Size;
        return inode.Node.ModifiedSeconds == MinimumSeconds
            && inode.Node.ModifiedNanoseconds == MinimumNanoseconds
            && inode.LinkCount <= ushort.MaxValue
            && inode.Node.Uid <= ushort.MaxValue
            && inode.Node.Gid <= ushort.MaxValue
            && size <= uint.MaxValue;
    }

    private void ComputeXattrSize(ref ErofsInode inode)
    {
        ReadOnlySpan<ErofsXattr> xattrs = XattrsOf(in inode);
        if (xattrs.IsEmpty)
        {
            return;
        }

        int size = 0;
        foreach (ErofsXattr xattr in xattrs)
        {
            bool isShared = xattr.SharedOffset >= 0 && inode.SharedXattrs < ErofsFormat.MaximumSharedXattrs;
            inode.SharedXattrs += (byte)(isShared ? 1 : 0);
            size += isShared ? ErofsFormat.XattrEntrySize : xattr.EntrySize;
        }

        int count = (int)(ErofsFormat.Align(size, 4) / 4) + 1;
        inode.XattrCount = count <= ushort.MaxValue ? (ushort)count : throw new ComposefsFormatException("the extended attributes of a file are too many for an image");
    }

    /// <summary>Zeros before an inode so that its tail does not cross a block; where that cannot be, the tail gets a block.</summary>
    private static int PadForTail(ref ErofsInode inode, long position)
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
