// Reading a repository's objects.
using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.IO.Compression;
using System.Text;
using Bootc.Linux;
using Bootc.Ostree.GVariant;
using Bootc.Ostree.Objects;
using Microsoft.Win32.SafeHandles;

namespace Bootc.Ostree;

public sealed partial class Repository
{
    internal const string UserMetadataAttribute = "user.ostreemeta";
    internal const int MaximumMetadataSize = 128 * 1024 * 1024; // OSTREE_MAX_METADATA_SIZE

    private const int RememberedNamesLimit = 100_000; // some 15 MB

    private readonly ConcurrentDictionary<Checksum, DirTree> _trees = new();
    private readonly ConcurrentDictionary<Checksum, DirMeta> _metas = new();
    private int _rememberedNames;

    /// <summary>Whether an object is there.</summary>
    public bool HasObject(ObjectName name) => _objects.Exists(name.PathIn(Mode));

    /// <summary>The bytes of a metadata object: any but <see cref="ObjectType.File"/>.</summary>
    /// <exception cref="ObjectNotFoundException">It is not there.</exception>
    public byte[] LoadMetadata(ObjectName name)
    {
        using SafeFileHandle? file = _objects.TryOpenFile(name.PathIn(Mode));
        if (file is null)
        {
            throw new ObjectNotFoundException(name, ToString());
        }

        long size = file.GetStatus().Size;
        if (size > MaximumMetadataSize)
        {
            throw new CorruptObjectException(name, $"it has {size} bytes, and metadata at most {MaximumMetadataSize}");
        }

        byte[] data = new byte[size];
        return file.ReadFully(data) == size ? data : throw new CorruptObjectException(name, "it was cut off while it was read");
    }

    /// <summary>A commit.</summary>
    /// <exception cref="ObjectNotFoundException">It is not there.</exception>
    /// <exception cref="CorruptObjectException">It is malformed.</exception>
    public Commit LoadCommit(Checksum checksum) => Load(new(checksum, ObjectType.Commit), Commit.Parse);

    /// <summary>A directory's names. What was loaded is remembered, up to a limit: merging, measuring and checking out look at the same trees.</summary>
    /// <inheritdoc cref="LoadCommit" path="/exception"/>
    public DirTree LoadDirTree(Checksum checksum)
    {
        if (_trees.TryGetValue(checksum, out DirTree? tree))
        {
            return tree;
        }

        tree = Load(new(checksum, ObjectType.DirTree), DirTree.Parse);
        Remember(checksum, tree);
        return tree;
    }

    /// <summary>Spares reading a directory's names that were just written; <see langword="false"/> when there are too many of them.</summary>
    internal bool Remember(Checksum checksum, DirTree tree)
    {
        bool hasRoom = Interlocked.Add(ref _rememberedNames, 1 + tree.Files.Count + tree.Directories.Count) <= RememberedNamesLimit;
        if (hasRoom)
        {
            _trees.TryAdd(checksum, tree);
        }

        return hasRoom;
    }

    /// <summary>As <see cref="Remember(Checksum, DirTree)"/>, of a directory's metadata.</summary>
    internal bool Remember(Checksum checksum, DirMeta meta)
    {
        bool hasRoom = Interlocked.Increment(ref _rememberedNames) <= RememberedNamesLimit;
        if (hasRoom)
        {
            _metas.TryAdd(checksum, meta);
        }

        return hasRoom;
    }

    /// <summary>A directory's metadata, remembered as <see cref="LoadDirTree"/> does.</summary>
    /// <inheritdoc cref="LoadCommit" path="/exception"/>
    public DirMeta LoadDirMeta(Checksum checksum)
    {
        if (_metas.TryGetValue(checksum, out DirMeta? meta))
        {
            return meta;
        }

        meta = Load(new(checksum, ObjectType.DirMeta), DirMeta.Parse);
        Remember(checksum, meta);
        return meta;
    }

    /// <summary>The metadata of a content object, and its size in bytes (0 for a symbolic link).</summary>
    /// <inheritdoc cref="LoadCommit" path="/exception"/>
    public (FileHeader Header, long Size) LoadFileHeader(Checksum checksum)
    {
        var name = new ObjectName(checksum, ObjectType.File);
        try
        {
            return Mode switch
            {
                RepositoryMode.Archive => LoadArchiveHeader(name),
                RepositoryMode.BareUser => LoadUserHeader(name),
                RepositoryMode.Bare => LoadBareHeader(name, withAttributes: true),
                RepositoryMode.BareUserOnly => LoadBareHeader(name, withAttributes: false),
                _ => throw UnsupportedMode(),
            };
        }
        catch (GVariantException e)
        {
            throw new CorruptObjectException(name, e.Message, e);
        }
    }

    /// <summary>A file's content, to be read from its start.</summary>
    /// <inheritdoc cref="LoadCommit" path="/exception"/>
    public Stream OpenFileContent(Checksum checksum)
    {
        var name = new ObjectName(checksum, ObjectType.File);
        SafeFileHandle file = OpenObject(name);
        if (Mode != RepositoryMode.Archive)
        {
            return new FileStream(file, FileAccess.Read, bufferSize: 0);
        }

        try
        {
            SkipArchiveHeader(file, name);
            return new DeflateStream(new FileStream(file, FileAccess.Read, bufferSize: 64 * 1024), CompressionMode.Decompress);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Opens the file that holds an object, as it is stored.</summary>
    /// <exception cref="ObjectNotFoundException">It is not there.</exception>
    public SafeFileHandle OpenObject(ObjectName name) =>
        _objects.TryOpenFileUnnoted(name.PathIn(Mode)) ?? throw new ObjectNotFoundException(name, ToString());

    /// <summary>All objects in the repository, in no order.</summary>
    public IEnumerable<ObjectName> ListObjects()
    {
        foreach (DirectoryEntry prefix in _objects.List())
        {
            if (prefix.Name.Length != 2 || prefix.Kind != FileKind.Directory)
            {
                continue;
            }

            foreach (ObjectName name in ListObjects(prefix.Name))
            {
                yield return name;
            }
        }
    }

    /// <summary>The objects whose checksums begin with two hexadecimal digits.</summary>
    internal List<ObjectName> ListObjects(string prefix)
    {
        var names = new List<ObjectName>();
        using DirectoryHandle? directory = _objects.TryOpenDirectory(prefix);
        if (directory is null)
        {
            return names;
        }

        foreach (DirectoryEntry entry in directory.List())
        {
            int dot = entry.Name.IndexOf('.');
            if (dot == 62
                && Checksum.TryParse(prefix + entry.Name[..dot], out Checksum checksum)
                && ObjectName.TypeOfExtension(entry.Name.AsSpan(dot)) is { } type)
            {
                names.Add(new ObjectName(checksum, type));
            }
        }

        return names;
    }

    private T Load<T>(ObjectName name, Func<ReadOnlyMemory<byte>, T> parse)
    {
        byte[] data = LoadMetadata(name);
        try
        {
            return parse(data);
        }
        catch (GVariantException e)
        {
            throw new CorruptObjectException(name, e.Message, e);
        }
    }

    private (FileHeader Header, long Size) LoadBareHeader(ObjectName name, bool withAttributes)
    {
        string path = name.PathIn(Mode);
        FileStatus status = _objects.TryGetStatus(path) ?? throw new ObjectNotFoundException(name, ToString());
        if (status.Kind is not (FileKind.Regular or FileKind.SymbolicLink))
        {
            throw new CorruptObjectException(name, "it is neither a file nor a symbolic link");
        }

        bool isLink = status.Kind == FileKind.SymbolicLink;
        string target = isLink ? _objects.ReadSymbolicLink(path) : "";
        FileHeader header = withAttributes
            ? new FileHeader(status.Uid, status.Gid, status.Mode, target, ExtendedAttributeList.Create(_objects.GetExtendedAttributes(path)))
            : new FileHeader(0, 0, isLink ? status.Mode : ModeBits.Regular | (status.Mode & 0x1FD), target, ExtendedAttributeList.Empty);
        return (header, isLink ? 0 : status.Size);
    }

    private (FileHeader Header, long Size) LoadUserHeader(ObjectName name)
    {
        using SafeFileHandle file = OpenObject(name);
        byte[] metadata = file.TryGetExtendedAttribute(UserMetadataAttribute)
            ?? throw new CorruptObjectException(name, $"it has no attribute {UserMetadataAttribute}");
        long size = file.GetStatus().Size;
        FileHeader header = FileHeader.ParseUserMetadata(metadata, () => ReadLinkContent(file, size, name));
        return (header, header.IsSymbolicLink ? 0 : size);
    }

    private static string ReadLinkContent(SafeFileHandle file, long size, ObjectName name) => size <= 4096
        ? Encoding.UTF8.GetString(file.ReadToEnd()).TrimEnd('\0')
        : throw new CorruptObjectException(name, $"a symbolic link has a target of {size} bytes");

    private (FileHeader Header, long Size) LoadArchiveHeader(ObjectName name)
    {
        using SafeFileHandle file = OpenObject(name);
        return FileHeader.ParseArchiveHeader(ReadArchiveHeader(file, name));
    }

    private static byte[] ReadArchiveHeader(SafeFileHandle file, ObjectName name)
    {
        byte[] header = new byte[ReadArchiveHeaderSize(file, name)];
        return file.ReadFully(header) == header.Length ? header : throw new CorruptObjectException(name, "its header is cut off");
    }

    private static int ReadArchiveHeaderSize(SafeFileHandle file, ObjectName name)
    {
        Span<byte> prefix = stackalloc byte[8];
        if (file.ReadFully(prefix) < prefix.Length)
        {
            throw new CorruptObjectException(name, "its header is cut off");
        }

        uint size = BinaryPrimitives.ReadUInt32BigEndian(prefix);
        return size <= Math.Min(MaximumMetadataSize, file.GetStatus().Size)
            ? (int)size
            : throw new CorruptObjectException(name, $"its header claims {size} bytes");
    }

    private static void SkipArchiveHeader(SafeFileHandle file, ObjectName name) => file.Seek(8 + ReadArchiveHeaderSize(file, name));

    private RepositoryFormatException UnsupportedMode() => new($"the repository {this} has the mode {Mode}, which this program does not read");
}
