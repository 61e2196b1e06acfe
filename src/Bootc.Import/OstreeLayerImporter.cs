// From a layer that holds a part of an ostree repository to objects in a transaction.
using Bootc.Import.Tar;
using Bootc.Linux;
using Bootc.Ostree;
using Bootc.Ostree.GVariant;
using Bootc.Ostree.Objects;

namespace Bootc.Import;

/// <summary>
/// Imports the objects below <c>sysroot/ostree/repo/objects</c> of a layer, in the mode bare-split-xattrs: the extended
/// attributes of a file come before it, in <c>CHECKSUM.file-xattrs-link</c>, which is a regular file or a hard link to a
/// <c>.file-xattrs</c> object. Every object must have the checksum of its name. The rest of the layer, the files as containers see
/// them, is passed over.
/// </summary>
internal sealed class OstreeLayerImporter(RepositoryTransaction transaction, string what, CancellationToken cancellation)
{
    private const string ObjectsPath = "sysroot/ostree/repo/objects/";
    private const int MaximumMetadataSize = 10 * 1024 * 1024; // as ostree-ext has it
    private const int MaximumAttributesSize = 1024 * 1024;
    private const int MaximumSharedAttributes = 64 * 1024 * 1024;

    private readonly HashSet<Checksum> _files = [];
    private readonly Dictionary<Checksum, ExtendedAttributeList> _sharedAttributes = [];
    private long _sharedAttributesSize;
    private (Checksum File, ExtendedAttributeList Attributes)? _pending;

    /// <summary>What the layer's files are.</summary>
    public LayerFacts Facts { get; } = new();

    /// <summary>The checksums of the files that the layer has.</summary>
    public IReadOnlyCollection<Checksum> Files => _files;

    /// <summary>The commit, of the layer that has one.</summary>
    public (Checksum Checksum, Commit Commit)? Commit { get; private set; }

    /// <summary>The commit's serialized bytes.</summary>
    public ReadOnlyMemory<byte> CommitBytes { get; private set; }

    /// <summary>The commit's detached metadata, if the layer has any.</summary>
    public VariantDictionary? DetachedMetadata { get; private set; }

    /// <summary>Reads the whole stream, to its very end.</summary>
    /// <param name="tar">The layer.</param>
    /// <param name="kind">What it must be.</param>
    /// <exception cref="ImportException">It is malformed or hostile.</exception>
    public void Import(Stream tar, LayerKind kind)
    {
        using var reader = new TarReader(tar, what);
        using var workers = new FileWorkers(transaction, Record, Math.Max(2, Environment.ProcessorCount));
        while (reader.Next() is { } entry)
        {
            cancellation.ThrowIfCancellationRequested();
            ImportEntry(reader, entry, workers, kind);
        }

        workers.Complete();
        RequireNonePending();
        if (kind == LayerKind.OstreeCommit && Commit is null)
        {
            throw new ImportException($"{what} holds no ostree commit, as the lowest layer of such an image does");
        }
    }

    private void ImportEntry(ILayerReader reader, TarEntry entry, FileWorkers workers, LayerKind kind)
    {
        string path = PathOf(entry);
        if (!path.StartsWith(ObjectsPath, StringComparison.Ordinal))
        {
            RequireHarmless(entry, path);
            return;
        }

        if (entry.Kind == TarEntryKind.Directory)
        {
            return;
        }

        if (TryParse(path.AsSpan(ObjectsPath.Length)) is not { } name)
        {
            throw new ImportException($"{what}: '{entry.Name}' is no object of an ostree repository");
        }

        switch (name.Type)
        {
            case ObjectType.FileXattrs:
                ShareAttributes(name, ReadAttributes(reader, entry, name));
                break;
            case ObjectType.FileXattrsLink:
                RequireNonePending();
                _pending = (name.Checksum, entry.Kind == TarEntryKind.HardLink ? ResolveAttributes(entry, name) : ReadAttributes(reader, entry, name).Attributes);
                break;
            case ObjectType.File:
                AddFile(reader, entry, name.Checksum, workers);
                break;
            default:
                if (kind != LayerKind.OstreeCommit)
                {
                    throw new ImportException($"{what}: {name} does not belong into a layer of files");
                }

                AddMetadata(ReadWhole(reader, entry, name, MaximumMetadataSize), name);
                break;
        }
    }

    // Paths as ostree-ext writes them need no rewriting.
    private string PathOf(TarEntry entry)
    {
        if (entry.Name.StartsWith(ObjectsPath, StringComparison.Ordinal) && TryParse(entry.Name.AsSpan(ObjectsPath.Length)) is not null)
        {
            return entry.Name;
        }

        string[] parts = [.. entry.Name.Split('/').Where(part => part is not ("" or "."))];
        return parts.Contains("..") ? throw new ImportException($"{what}: the path '{entry.Name}' leads upwards with '..'") : string.Join('/', parts);
    }

    // What containers see besides the repository: nothing of it counts here, but it must not lead them out of the image either.
    private void RequireHarmless(TarEntry entry, string path)
    {
        if (entry.Kind == TarEntryKind.HardLink && entry.LinkName.Split('/').Contains(".."))
        {
            throw new ImportException($"{what}: the target of the hard link '{entry.Name}', '{entry.LinkName}', leads upwards with '..'");
        }

        if (entry.Kind != TarEntryKind.Directory && ObjectsPath.StartsWith(path + "/", StringComparison.Ordinal))
        {
            throw new ImportException($"{what}: '{entry.Name}', which holds an ostree repository, is no directory but an entry of another kind, {entry.Kind}");
        }
    }

    private void AddMetadata(byte[] data, ObjectName name)
    {
        try
        {
            Checksum actual = name.Type switch
            {
                ObjectType.DirTree => transaction.WriteDirTree(DirTree.Parse(data)),
                ObjectType.DirMeta => transaction.WriteDirMeta(ParseDirMeta(data)),
                ObjectType.Commit => AddCommit(data, name.Checksum),
                ObjectType.CommitMeta => AddDetachedMetadata(data, name.Checksum),
                _ => throw new ImportException($"{what}: {name} is of a kind that images do not hold"),
            };
            RequireChecksum(name, actual);
        }
        catch (GVariantException e)
        {
            throw new ImportException($"{what}: {name} is malformed: {e.Message}", e);
        }
    }

    private static DirMeta ParseDirMeta(byte[] data)
    {
        DirMeta meta = DirMeta.Parse(data);
        return ModeBits.GetKind(meta.Mode) == FileKind.Directory ? meta : throw new GVariantException($"the mode {Convert.ToString(meta.Mode, 8)} is not that of a directory");
    }

    private Checksum AddCommit(byte[] data, Checksum checksum)
    {
        if (Commit is { } other)
        {
            throw new ImportException($"{what} holds two commits, {other.Checksum} and {checksum}");
        }

        Commit commit = Ostree.Objects.Commit.Parse(data);
        if (OstreeLayout.IsLayerOfFiles(commit))
        {
            throw new ImportException($"{what}: the commit {checksum} calls itself a layer of files, which another image would take it for");
        }

        Commit = (checksum, commit);
        CommitBytes = data;
        return transaction.WriteMetadata(ObjectType.Commit, data);
    }

    private Checksum AddDetachedMetadata(byte[] data, Checksum commit)
    {
        if (Commit?.Checksum != commit)
        {
            throw new ImportException($"{what}: the detached metadata is that of the commit {commit}, which does not come before it");
        }

        DetachedMetadata = VariantDictionary.Parse(data);
        return commit; // it has no checksum of its own
    }

    private void AddFile(ILayerReader reader, TarEntry entry, Checksum checksum, FileWorkers workers)
    {
        if (_pending is not { } pending || pending.File != checksum)
        {
            throw new ImportException($"{what}: the extended attributes of object {checksum}.file do not come right before it");
        }

        _pending = null;
        if (!_files.Add(checksum))
        {
            throw new ImportException($"{what} holds object {checksum}.file twice");
        }

        var file = new LayerFile { Checksum = checksum };
        switch (entry.Kind)
        {
            case TarEntryKind.RegularFile:
                workers.AddEntry(reader, entry.Size, FileHeader.ForFile(entry.Uid, entry.Gid, entry.Permissions, pending.Attributes), file, cancellation);
                break;
            case TarEntryKind.SymbolicLink when entry.LinkName.Length > 0 && !entry.LinkName.Contains('\0') && FileName.IsUtf8(entry.LinkName):
                FileHeader header = FileHeader.ForSymbolicLink(entry.Uid, entry.Gid, entry.LinkName, pending.Attributes);
                Record(transaction.WriteSymbolicLink(header), header, 0, file);
                break;
            case TarEntryKind.SymbolicLink:
                throw new ImportException($"{what}: the symbolic link {checksum}.file has an empty target, or one that is no UTF-8 text");
            default:
                throw new ImportException($"{what}: object {checksum}.file is neither a file nor a symbolic link but an entry of another kind, {entry.Kind}");
        }
    }

    private void ShareAttributes(ObjectName name, (Checksum Checksum, ExtendedAttributeList Attributes, int Size) content)
    {
        RequireChecksum(name, content.Checksum);
        _sharedAttributesSize += content.Size;
        if (_sharedAttributesSize > MaximumSharedAttributes)
        {
            throw new ImportException($"{what} holds more than {MaximumSharedAttributes} bytes of extended attributes that files share");
        }

        _sharedAttributes[content.Checksum] = content.Attributes;
    }

    // The target stands as a path from the root of the image, or from where the link is.
    private ExtendedAttributeList ResolveAttributes(TarEntry entry, ObjectName name)
    {
        string target = entry.LinkName;
        int start = target.StartsWith("../", StringComparison.Ordinal) ? 3
            : target.StartsWith(ObjectsPath, StringComparison.Ordinal) ? ObjectsPath.Length
            : target.Length;
        if (TryParse(target.AsSpan(start)) is not { Type: ObjectType.FileXattrs } shared)
        {
            throw new ImportException($"{what}: {name} is a hard link to '{target}', which holds no extended attributes");
        }

        return _sharedAttributes.TryGetValue(shared.Checksum, out ExtendedAttributeList? attributes)
            ? attributes
            : throw new ImportException($"{what}: {name} is a hard link to {shared}, which does not come before it");
    }

    private (Checksum Checksum, ExtendedAttributeList Attributes, int Size) ReadAttributes(ILayerReader reader, TarEntry entry, ObjectName name)
    {
        byte[] data = ReadWhole(reader, entry, name, MaximumAttributesSize);
        ExtendedAttributeList attributes;
        try
        {
            attributes = ExtendedAttributeList.Parse(data);
        }
        catch (GVariantException e)
        {
            throw new ImportException($"{what}: {name} is malformed: {e.Message}", e);
        }

        return attributes.Any(attribute => attribute.Name.Length > 255 || attribute.Value.Length > ushort.MaxValue)
            ? throw new ImportException($"{what}: {name} has an extended attribute whose name or value is too long")
            : (Checksum.Compute(data), attributes, data.Length);
    }

    private byte[] ReadWhole(ILayerReader reader, TarEntry entry, ObjectName name, int limit)
    {
        if (entry.Kind != TarEntryKind.RegularFile)
        {
            throw new ImportException($"{what}: {name} is no regular file but an entry of another kind, {entry.Kind}");
        }

        if (entry.Size > limit)
        {
            throw new ImportException($"{what}: {name} has {entry.Size} bytes, more than the {limit} that are expected of it");
        }

        byte[] data = new byte[entry.Size];
        reader.Fill(data);
        return data;
    }

    // Called by several threads.
    private void Record(FileObjectResult result, FileHeader header, long size, LayerFile file)
    {
        RequireChecksum(new(file.Checksum, ObjectType.File), result.Checksum);
        Facts.TryAdd(result.Checksum, new FileFacts(header, size, size > 0 ? result.Verity : null));
    }

    private void RequireChecksum(ObjectName name, Checksum actual)
    {
        if (actual != name.Checksum)
        {
            throw new ImportException($"{what}: the object named {name} has the checksum {actual}");
        }
    }

    private void RequireNonePending()
    {
        if (_pending is { } pending)
        {
            throw new ImportException($"{what} holds extended attributes of object {pending.File}.file, which does not come after them");
        }
    }

    // "ab/cdef….dirtree", with the names of bare repositories.
    private static ObjectName? TryParse(ReadOnlySpan<char> path)
    {
        if (path.Length <= 65 || path[2] != '/' || path[65] != '.' || ObjectName.TypeOfExtension(path[65..]) is not { } type || !path[65..].SequenceEqual(ObjectName.ExtensionOf(type, RepositoryMode.Bare)))
        {
            return null;
        }

        Span<char> hex = stackalloc char[64];
        path[..2].CopyTo(hex);
        path[3..65].CopyTo(hex[2..]);
        return Checksum.TryParse(hex, out Checksum checksum) ? new ObjectName(checksum, type) : null;
    }
}
