// A file or directory of the tree that a composefs image describes.
using System.Runtime.InteropServices;
using Bootc.Composefs.Erofs;
using Bootc.Composefs.FsVerity;
using Bootc.Linux;

namespace Bootc.Composefs;

/// <summary>
/// A node of a composefs tree. Content is not part of the tree but for very small files: a regular file names its backing
/// file (<see cref="Payload"/>) and that file's fs-verity digest. There is one for every file of an image, all of them in memory at
/// once: what many have alike is kept once for them.
/// </summary>
public sealed class ComposefsNode
{
    /// <summary>The longest content that a node may hold itself, in bytes (LCFS_INLINE_CONTENT_MAX).</summary>
    public const int MaximumInlineContent = 5000;

    /// <summary>The longest content that is held inline when an image is made of a directory, in bytes.</summary>
    public const int RecommendedInlineContent = 64;

    /// <summary>How deep directories may be nested: as deep as a path can name.</summary>
    internal const int MaximumDepth = 2048;

    internal const int MaximumNameLength = 255;

    private static readonly Dictionary<string, ComposefsNode> EmptyChildren = [];
    private const int MaximumPathLength = 4095;
    private const int MaximumAttributesSize = ushort.MaxValue / 2;
    private const int AttributeOverhead = 7;
    private const int AttributesHeader = 12;

    private Metadata _metadata;
    private object? _data; // entries, a payload, or the bytes of a backing file, of which most nodes have one or nothing; or a Rarity
    private int _offset; // of a backing file in its bytes
    private Marks _marks;

    /// <summary>A node of a mode: kind (S_IFMT) and permission bits.</summary>
    /// <exception cref="ComposefsFormatException">The kind is none that a file can have.</exception>
    public ComposefsNode(uint mode)
    {
        if (ModeBits.GetKind(mode) == FileKind.Unknown)
        {
            throw new ComposefsFormatException($"{Convert.ToString(mode, 8)} is no file mode");
        }

        _metadata = new Metadata { Mode = mode };
    }

    /// <summary>A node that has mode, owner, time and extended attributes of another one. They are kept once for both until one changes.</summary>
    public ComposefsNode(ComposefsNode like)
    {
        like._marks |= Marks.SharesMetadata;
        _marks = Marks.SharesMetadata;
        _metadata = like._metadata;
    }

    /// <summary>A node that stands for an inode of an image at hand, with all that is below it.</summary>
    internal ComposefsNode(ErofsView image, ErofsInodeView inode)
        : this(inode.Mode)
    {
        _data = new TakenNode(image, inode.Slot);
    }

    [Flags]
    private enum Marks : byte
    {
        None = 0,

        /// <summary>Others have the same <see cref="Metadata"/> object.</summary>
        SharesMetadata = 1,

        /// <summary>The bytes of the backing file are someone else's as well.</summary>
        SharesBacking = 2,

        HasName = 4,
        HasDigest = 8,
        HasSuffix = 16,
    }

    /// <summary>Kind (S_IFMT) and permission bits.</summary>
    public uint Mode => _metadata.Mode;

    /// <summary>The kind of file.</summary>
    public FileKind Kind => ModeBits.GetKind(Mode);

    /// <summary>The owner's user ID.</summary>
    public uint Uid
    {
        get => _metadata.Uid;
        set => OwnMetadata.Uid = value;
    }

    /// <summary>The owner's group ID.</summary>
    public uint Gid
    {
        get => _metadata.Gid;
        set => OwnMetadata.Gid = value;
    }

    /// <summary>How many names a file has; counted anew for directories.</summary>
    public uint LinkCount { get; set; } = 1;

    /// <summary>For device nodes, the device's number as makedev(3) makes it.</summary>
    public ulong DeviceNumber
    {
        get => (_data as Rarity)?.DeviceNumber ?? 0;
        set
        {
            if (value != 0 || _data is Rarity)
            {
                Rare.DeviceNumber = value;
            }
        }
    }

    /// <summary>Last modification, in seconds since the epoch.</summary>
    public long ModifiedSeconds
    {
        get => _metadata.ModifiedSeconds;
        set => OwnMetadata.ModifiedSeconds = value;
    }

    /// <summary>The nanoseconds of the last modification.</summary>
    public uint ModifiedNanoseconds
    {
        get => _metadata.ModifiedNanoseconds;
        set => OwnMetadata.ModifiedNanoseconds = value;
    }

    /// <summary>The size in bytes; a directory's is that of its entries in an image, and counted anew when one is written.</summary>
    public ulong Size { get; set; }

    /// <summary>The fs-verity digest of a regular file's content.</summary>
    public VerityDigest? Digest
    {
        get => Backing is { HasDigest: true } backing ? new VerityDigest(backing.DigestBytes) : null;
        set
        {
            _marks &= ~Marks.HasDigest;
            if (value is { } digest)
            {
                digest.CopyTo(OwnBacking()[BackingFile.NameSize..]);
                _marks |= Marks.HasDigest;
            }
        }
    }

    /// <summary>A file's backing file, or where a symbolic link points.</summary>
    /// <exception cref="ComposefsFormatException">It is longer than a path may be, has a NUL character, or is a link's and empty.</exception>
    public string? Payload
    {
        get => Backing is { HasName: true } backing ? backing.GetPath() : Text;
        set
        {
            int length = value is null ? 0 : FileName.GetByteCount(value);
            if (length > MaximumPathLength)
            {
                throw new ComposefsFormatException($"a path of {length} bytes is longer than {MaximumPathLength}");
            }

            if (value?.Contains('\0') == true)
            {
                throw new ComposefsFormatException("a path has a NUL character");
            }

            if (Kind == FileKind.SymbolicLink)
            {
                if (length == 0)
                {
                    throw new ComposefsFormatException("a symbolic link has an empty target");
                }

                Size = (ulong)length;
            }

            _marks &= ~Marks.HasName;
            Text = value is not null && TrySetBackingPath(value, length) ? null : value;
        }
    }

    /// <summary>A small file's content, held in the image itself.</summary>
    /// <exception cref="ComposefsFormatException">It is larger than <see cref="MaximumInlineContent"/>.</exception>
    public byte[]? Content
    {
        get => (_data as Rarity)?.Content;
        set
        {
            if (value?.Length > MaximumInlineContent)
            {
                throw new ComposefsFormatException($"inline content of {value.Length} bytes is larger than {MaximumInlineContent}");
            }

            if (value is { Length: > 0 } || _data is Rarity)
            {
                Rare.Content = value is { Length: > 0 } ? value : null;
            }

            Size = (ulong)(value?.Length ?? 0);
        }
    }

    /// <summary>The node that this name is another name of.</summary>
    public ComposefsNode? HardLinkTarget
    {
        get => (_data as Rarity)?.HardLinkTarget;
        set
        {
            if (value is not null || _data is Rarity)
            {
                Rare.HardLinkTarget = value;
            }
        }
    }

    /// <summary>The extended attributes, in the order in which they were set.</summary>
    public IReadOnlyList<ExtendedAttribute> ExtendedAttributes => _metadata.Attributes;

    /// <summary>A directory's entries, in no order.</summary>
    public IReadOnlyDictionary<string, ComposefsNode> Children => Entries;

    /// <summary>As <see cref="Children"/>, for loops that make no garbage.</summary>
    internal Dictionary<string, ComposefsNode> Entries => OwnEntries ?? EmptyChildren;

    /// <summary>As <see cref="ExtendedAttributes"/>; the same array for nodes that have them in common.</summary>
    internal ExtendedAttribute[] Attributes => _metadata.Attributes;

    /// <summary>The content's place and digest, where either is known as bytes.</summary>
    internal BackingFile Backing
    {
        get => Has(Marks.HasName | Marks.HasDigest)
            ? new BackingFile(BackingBytes.AsSpan(_offset, BackingFile.Size), Has(Marks.HasName), Has(Marks.HasDigest), Has(Marks.HasSuffix))
            : default;
    }

    /// <summary>What the node stands for, if it is taken over from an image at hand.</summary>
    internal TakenNode? Taken => _data as TakenNode;

    /// <summary>Where the image that is being made has the node among its inodes.</summary>
    internal int InodeIndex { get; set; }

    private Metadata OwnMetadata
    {
        get
        {
            if (Has(Marks.SharesMetadata))
            {
                _metadata = _metadata.Clone();
                _marks &= ~Marks.SharesMetadata;
            }

            return _metadata;
        }
    }

    private Rarity Rare
    {
        get
        {
            if (_data is not Rarity rarity)
            {
                _data = rarity = new Rarity { Entries = OwnEntries, Text = Text, Backing = BackingBytes };
            }

            return rarity;
        }
    }

    private Dictionary<string, ComposefsNode>? OwnEntries
    {
        get => _data is Rarity rarity ? rarity.Entries : _data as Dictionary<string, ComposefsNode>;
        set
        {
            if (_data is null)
            {
                _data = value;
            }
            else
            {
                Rare.Entries = value;
            }
        }
    }

    // A payload that is no path of a backing object.
    private string? Text
    {
        get => _data is Rarity rarity ? rarity.Text : _data as string;
        set
        {
            if (_data is null or string)
            {
                _data = value;
            }
            else if (value is not null || _data is Rarity)
            {
                Rare.Text = value;
            }
        }
    }

    private byte[]? BackingBytes
    {
        get => _data is Rarity rarity ? rarity.Backing : _data as byte[];
        set
        {
            if (_data is null or byte[])
            {
                _data = value;
            }
            else
            {
                Rare.Backing = value;
            }
        }
    }

    /// <summary>Prepares a directory for a number of entries.</summary>
    public void EnsureCapacity(int count)
    {
        if (count > 0)
        {
            (OwnEntries ??= new(StringComparer.Ordinal)).EnsureCapacity(count);
        }
    }

    /// <summary>
    /// Sets <see cref="Payload"/> to <c>ab/cdef….file</c>, the path that a repository has for an object's checksum, without the
    /// memory that the text takes.
    /// </summary>
    /// <param name="checksum">The checksum, 32 bytes.</param>
    public void SetBackingObject(ReadOnlySpan<byte> checksum)
    {
        checksum.CopyTo(OwnBacking()[..BackingFile.NameSize]);
        _marks |= Marks.HasName | Marks.HasSuffix;
        Text = null;
    }

    /// <summary>As <see cref="SetBackingObject"/>, and sets <see cref="Digest"/> as well; the bytes are not copied.</summary>
    /// <param name="checksumAndDigest">The object's checksum and its content's fs-verity digest, 64 bytes, which never change.</param>
    public void ShareBackingObject(ReadOnlyMemory<byte> checksumAndDigest)
    {
        if (checksumAndDigest.Length != BackingFile.Size)
        {
            throw new ArgumentException($"a checksum and a digest have {BackingFile.Size} bytes, not {checksumAndDigest.Length}", nameof(checksumAndDigest));
        }

        ArraySegment<byte> bytes = MemoryMarshal.TryGetArray(checksumAndDigest, out ArraySegment<byte> segment) ? segment : checksumAndDigest.ToArray();
        Text = null;
        BackingBytes = bytes.Array;
        _offset = bytes.Offset;
        _marks |= Marks.SharesBacking | Marks.HasName | Marks.HasDigest | Marks.HasSuffix;
    }

    /// <summary>Adds an entry to a directory.</summary>
    /// <exception cref="ComposefsFormatException">This is no directory, or the name is invalid or taken.</exception>
    public void Add(string name, ComposefsNode child)
    {
        if (Kind != FileKind.Directory)
        {
            throw new ComposefsFormatException($"'{name}' is put below something that is no directory");
        }

        if (name is "" or "." or ".." || name.AsSpan().ContainsAny('/', '\0') || FileName.GetByteCount(name) > MaximumNameLength)
        {
            throw new ComposefsFormatException($"'{name}' is no valid file name");
        }

        if (!(OwnEntries ??= new(StringComparer.Ordinal)).TryAdd(name, child))
        {
            throw new ComposefsFormatException($"there are two files '{name}' in one directory");
        }
    }

    /// <summary>Removes an entry of a directory; <see langword="false"/> when there is none.</summary>
    public bool Remove(string name) => OwnEntries?.Remove(name) ?? false;

    /// <summary>Sets an extended attribute.</summary>
    /// <exception cref="ComposefsFormatException">The name is none or too long, or all attributes together are too large.</exception>
    public void SetExtendedAttribute(string name, byte[] value) => SetExtendedAttribute(name, value, MaximumAttributesSize);

    /// <summary>
    /// Sets an extended attribute that an image has. There may be more of them than a tree may bring along, since an image
    /// marks directories with attributes of its own.
    /// </summary>
    internal void RestoreExtendedAttribute(string name, byte[] value) => SetExtendedAttribute(name, value, ushort.MaxValue);

    private void SetExtendedAttribute(string name, byte[] value, int limit)
    {
        int length = FileName.GetByteCount(name);
        if (length is 0 or > MaximumNameLength)
        {
            throw new ComposefsFormatException($"the name of an extended attribute has {length} bytes, not 1 to {MaximumNameLength}");
        }

        if (name.Contains('\0'))
        {
            throw new ComposefsFormatException("the name of an extended attribute has a NUL character");
        }

        ExtendedAttribute[] present = Attributes;
        int index = Array.FindIndex(present, attribute => attribute.Name == name);
        ExtendedAttribute[] others = index < 0 ? present : [.. present[..index], .. present[(index + 1)..]];
        int size = AttributesHeader + AttributeOverhead + length + value.Length;
        foreach (ExtendedAttribute other in others)
        {
            size += AttributeOverhead + FileName.GetByteCount(other.Name) + other.Value.Length;
        }

        if (value.Length > ushort.MaxValue || size > limit)
        {
            throw new ComposefsFormatException($"the extended attributes of a file are larger than {limit} bytes");
        }

        OwnMetadata.Attributes = [.. others, new ExtendedAttribute(name, value)];
    }

    /// <summary>As <see cref="Payload"/> of a regular file, from its bytes.</summary>
    internal void SetBackingPath(ReadOnlySpan<byte> path)
    {
        if (!TrySetBackingPath(path))
        {
            Payload = FileName.Decode(path);
        }
    }

    /// <summary>Gives the node bytes for place and digest of its backing file, 64 that are nobody else's; <see langword="false"/> when it has some.</summary>
    internal bool TryPlaceBacking(byte[] bytes, int offset)
    {
        if (BackingBytes is not null)
        {
            return false;
        }

        BackingBytes = bytes;
        _offset = offset;
        return true;
    }

    /// <summary>Takes over what a node's constructor may take of another one, if it is the very same, so that it is kept once.</summary>
    internal bool TryShareMetadata(ComposefsNode other)
    {
        if (!_metadata.Equals(other._metadata))
        {
            return false;
        }

        _metadata = other._metadata;
        _marks |= Marks.SharesMetadata;
        other._marks |= Marks.SharesMetadata;
        return true;
    }

    /// <summary>Takes over the extended attributes of another node if they are the very same, so that they are kept once.</summary>
    internal bool TryShareExtendedAttributes(ComposefsNode other)
    {
        if (!Attributes.AsSpan().SequenceEqual(other.Attributes))
        {
            return false;
        }

        OwnMetadata.Attributes = other.Attributes;
        return true;
    }

    private bool Has(Marks any) => (_marks & any) != 0;

    private bool TrySetBackingPath(string path, int length)
    {
        if (Kind != FileKind.Regular || length is not (65 or 70))
        {
            return false;
        }

        Span<byte> bytes = stackalloc byte[length];
        FileName.Encode(path, bytes);
        return TrySetBackingPath(bytes);
    }

    private bool TrySetBackingPath(ReadOnlySpan<byte> path)
    {
        Span<byte> name = stackalloc byte[BackingFile.NameSize];
        if (!BackingFile.TryParsePath(path, name, out bool hasSuffix))
        {
            return false;
        }

        SetBackingObject(name);
        _marks = hasSuffix ? _marks : _marks & ~Marks.HasSuffix;
        return true;
    }

    // Bytes that are nobody else's.
    private Span<byte> OwnBacking()
    {
        byte[]? bytes = BackingBytes;
        if (bytes is null || Has(Marks.SharesBacking))
        {
            byte[] own = new byte[BackingFile.Size];
            bytes.AsSpan(_offset, bytes is null ? 0 : own.Length).CopyTo(own);
            BackingBytes = own;
            _offset = 0;
            _marks &= ~Marks.SharesBacking;
        }

        return BackingBytes.AsSpan(_offset, BackingFile.Size);
    }

    /// <summary>The node itself, or the one at the end of a chain of hard links.</summary>
    /// <exception cref="ComposefsFormatException">The chain is a circle.</exception>
    internal ComposefsNode Resolve()
    {
        ComposefsNode node = this;
        ComposefsNode slow = this;
        for (int steps = 1; node.HardLinkTarget is { } next; steps++)
        {
            node = next;
            slow = steps % 2 == 0 ? slow.HardLinkTarget! : slow;
            if (node == slow)
            {
                throw new ComposefsFormatException("hard links form a circle");
            }
        }

        return node;
    }

    /// <summary>An inode of an image at hand.</summary>
    internal sealed record TakenNode(ErofsView Image, ulong Slot);

    // What many nodes have alike.
    private sealed class Metadata
    {
        public uint Mode { get; init; }

        public uint Uid { get; set; }

        public uint Gid { get; set; }

        public uint ModifiedNanoseconds { get; set; }

        public long ModifiedSeconds { get; set; }

        /// <summary>The array is never changed.</summary>
        public ExtendedAttribute[] Attributes { get; set; } = [];

        public Metadata Clone() => (Metadata)MemberwiseClone();

        /// <summary>Whether all is the same, the attributes' array as well.</summary>
        public bool Equals(Metadata other) =>
            Mode == other.Mode
            && Uid == other.Uid
            && Gid == other.Gid
            && ModifiedNanoseconds == other.ModifiedNanoseconds
            && ModifiedSeconds == other.ModifiedSeconds
            && ReferenceEquals(Attributes, other.Attributes);
    }

    // What few nodes have, and what else they have beside it.
    private sealed class Rarity
    {
        public Dictionary<string, ComposefsNode>? Entries { get; set; }

        public string? Text { get; set; }

        public byte[]? Backing { get; set; }

        public ulong DeviceNumber { get; set; }

        public byte[]? Content { get; set; }

        public ComposefsNode? HardLinkTarget { get; set; }
    }
}
