// A file or directory of the tree that a composefs image describes.
using Bootc.Composefs.FsVerity;
using Bootc.Linux;

namespace Bootc.Composefs;

/// <summary>
/// A node of a composefs tree. Content is not part of the tree but for very small files: a regular file names its backing
/// file (<see cref="Payload"/>) and that file's fs-verity digest.
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

    private Dictionary<string, ComposefsNode>? _children;
    private ExtendedAttribute[] _attributes = []; // never changed, since nodes may have them in common
    private string? _payload;
    private BackingFile? _backing;
    private Rarity? _rarity;

    /// <summary>A node of a mode: kind (S_IFMT) and permission bits.</summary>
    /// <exception cref="ComposefsFormatException">The kind is none that a file can have.</exception>
    public ComposefsNode(uint mode)
    {
        if (ModeBits.GetKind(mode) == FileKind.Unknown)
        {
            throw new ComposefsFormatException($"{Convert.ToString(mode, 8)} is no file mode");
        }

        Mode = mode;
    }

    /// <summary>Kind (S_IFMT) and permission bits.</summary>
    public uint Mode { get; }

    /// <summary>The kind of file.</summary>
    public FileKind Kind => ModeBits.GetKind(Mode);

    /// <summary>The owner's user ID.</summary>
    public uint Uid { get; set; }

    /// <summary>The owner's group ID.</summary>
    public uint Gid { get; set; }

    /// <summary>How many names a file has; counted anew for directories.</summary>
    public uint LinkCount { get; set; } = 1;

    /// <summary>For device nodes, the device's number as makedev(3) makes it.</summary>
    public ulong DeviceNumber
    {
        get => _rarity?.DeviceNumber ?? 0;
        set
        {
            if (value != 0 || _rarity is not null)
            {
                Rare.DeviceNumber = value;
            }
        }
    }

    /// <summary>Last modification, in seconds since the epoch.</summary>
    public long ModifiedSeconds { get; set; }

    /// <summary>The nanoseconds of the last modification.</summary>
    public uint ModifiedNanoseconds { get; set; }

    /// <summary>The size in bytes; a directory's is that of its entries in an image, and counted anew when one is written.</summary>
    public ulong Size { get; set; }

    /// <summary>The fs-verity digest of a regular file's content.</summary>
    public VerityDigest? Digest
    {
        get => _backing?.Digest;
        set
        {
            if (value is not null || _backing is not null)
            {
                (_backing ??= new BackingFile()).Digest = value;
            }
        }
    }

    /// <summary>A file's backing file, or where a symbolic link points.</summary>
    /// <exception cref="ComposefsFormatException">It is longer than a path may be, has a NUL character, or is a link's and empty.</exception>
    public string? Payload
    {
        get => _backing is { HasName: true } backing ? backing.GetPath() : _payload;
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

            _backing?.ClearName();
            _payload = value is not null && TrySetBackingPath(value, length) ? null : value;
        }
    }

    /// <summary>A small file's content, held in the image itself.</summary>
    /// <exception cref="ComposefsFormatException">It is larger than <see cref="MaximumInlineContent"/>.</exception>
    public byte[]? Content
    {
        get => _rarity?.Content;
        set
        {
            if (value?.Length > MaximumInlineContent)
            {
                throw new ComposefsFormatException($"inline content of {value.Length} bytes is larger than {MaximumInlineContent}");
            }

            if (value is { Length: > 0 } || _rarity is not null)
            {
                Rare.Content = value is { Length: > 0 } ? value : null;
            }

            Size = (ulong)(value?.Length ?? 0);
        }
    }

    /// <summary>The node that this name is another name of.</summary>
    public ComposefsNode? HardLinkTarget
    {
        get => _rarity?.HardLinkTarget;
        set
        {
            if (value is not null || _rarity is not null)
            {
                Rare.HardLinkTarget = value;
            }
        }
    }

    /// <summary>The extended attributes, in the order in which they were set.</summary>
    public IReadOnlyList<ExtendedAttribute> ExtendedAttributes => _attributes;

    /// <summary>A directory's entries, in no order.</summary>
    public IReadOnlyDictionary<string, ComposefsNode> Children => _children ?? EmptyChildren;

    /// <summary>As <see cref="Children"/>, for loops that make no garbage.</summary>
    internal Dictionary<string, ComposefsNode> Entries => _children ?? EmptyChildren;

    /// <summary>As <see cref="ExtendedAttributes"/>; the same array for nodes that have them in common.</summary>
    internal ExtendedAttribute[] Attributes => _attributes;

    /// <summary>The content's digest and place, where either is known as bytes.</summary>
    internal BackingFile? Backing => _backing;

    /// <summary>Where the image that is being made has the node among its inodes.</summary>
    internal int InodeIndex { get; set; }

    private Rarity Rare => _rarity ??= new Rarity();

    /// <summary>Prepares a directory for a number of entries.</summary>
    public void EnsureCapacity(int count)
    {
        if (count > 0)
        {
            (_children ??= new(StringComparer.Ordinal)).EnsureCapacity(count);
        }
    }

    /// <summary>
    /// Sets <see cref="Payload"/> to <c>ab/cdef….file</c>, the path that a repository has for an object's checksum, without the
    /// memory that the text takes.
    /// </summary>
    /// <param name="checksum">The checksum, 32 bytes.</param>
    public void SetBackingObject(ReadOnlySpan<byte> checksum)
    {
        (_backing ??= new BackingFile()).SetName(checksum, isObject: true);
        _payload = null;
    }

    /// <summary>Gives the node the extended attributes that another one has, which are kept once for both.</summary>
    public void ShareExtendedAttributes(ComposefsNode other) => _attributes = other._attributes;

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

        if (!(_children ??= new(StringComparer.Ordinal)).TryAdd(name, child))
        {
            throw new ComposefsFormatException($"there are two files '{name}' in one directory");
        }
    }

    /// <summary>Removes an entry of a directory; <see langword="false"/> when there is none.</summary>
    public bool Remove(string name) => _children?.Remove(name) ?? false;

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

        int index = Array.FindIndex(_attributes, attribute => attribute.Name == name);
        ExtendedAttribute[] others = index < 0 ? _attributes : [.. _attributes[..index], .. _attributes[(index + 1)..]];
        int size = AttributesHeader + AttributeOverhead + length + value.Length;
        foreach (ExtendedAttribute other in others)
        {
            size += AttributeOverhead + FileName.GetByteCount(other.Name) + other.Value.Length;
        }

        if (value.Length > ushort.MaxValue || size > limit)
        {
            throw new ComposefsFormatException($"the extended attributes of a file are larger than {limit} bytes");
        }

        _attributes = [.. others, new ExtendedAttribute(name, value)];
    }

    /// <summary>As <see cref="Payload"/> of a regular file, from its bytes.</summary>
    internal void SetBackingPath(ReadOnlySpan<byte> path)
    {
        if (!(_backing ??= new BackingFile()).TrySetPath(path))
        {
            Payload = FileName.Decode(path);
        }
    }

    /// <summary>Takes over the extended attributes of another node if they are the very same, so that they are kept once.</summary>
    internal bool TryShareExtendedAttributes(ComposefsNode other)
    {
        if (!_attributes.AsSpan().SequenceEqual(other._attributes))
        {
            return false;
        }

        _attributes = other._attributes;
        return true;
    }

    private bool TrySetBackingPath(string path, int length)
    {
        if (Kind != FileKind.Regular || length is not (65 or 70))
        {
            return false;
        }

        Span<byte> bytes = stackalloc byte[length];
        FileName.Encode(path, bytes);
        var backing = _backing ?? new BackingFile();
        if (!backing.TrySetPath(bytes))
        {
            return false;
        }

        _backing = backing;
        return true;
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

    // What few nodes have.
    private sealed class Rarity
    {
        public ulong DeviceNumber { get; set; }

        public byte[]? Content { get; set; }

        public ComposefsNode? HardLinkTarget { get; set; }
    }
}
