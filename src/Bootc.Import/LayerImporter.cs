// From a layer's tar stream to a tree of objects in a transaction.
using Bootc.Import.SELinux;
using Bootc.Import.Tar;
using Bootc.Linux;
using Bootc.Ostree;
using Bootc.Ostree.Objects;
using Bootc.Ostree.SELinux;

namespace Bootc.Import;

/// <summary>
/// Imports a layer as ostree-ext does: /etc moves to /usr/etc, what lies below the mount points of API file systems is left
/// out, device nodes are left out, whiteouts stay as files until layers are merged.
/// </summary>
internal sealed class LayerImporter(RepositoryTransaction transaction, string what, CancellationToken cancellation)
{
    private const uint DefaultDirectoryMode = 0x1ED; // 0755
    private const uint EmptyFileMode = 0x1A4; // 0644
    private const int MaximumTarget = 4095; // PATH_MAX with its end
    private const int MaximumEntries = 5_000_000; // a tree of them is in memory
    private const long MaximumImplied = 64 << 20; // the commit says which directories are implied, by their whole paths

    private readonly List<(LayerDirectory Parent, string Name, string[] Target, string Path)> _hardLinks = [];
    private readonly Dictionary<DirMeta, Checksum> _metas = [];
    private LayerDirectory? _root;
    private int _entries;
    private long _implied; // the length of the paths of implied directories
    private Checksum? _empty; // what stands for files whose contents are not wanted

    /// <summary>What the layer's files are.</summary>
    public LayerFacts Facts { get; } = new();

    /// <summary>Whether the layer removes anything of the layers below.</summary>
    public bool HasWhiteouts { get; private set; }

    /// <summary>The SELinux policy by which files are labelled as they come, if that is known.</summary>
    public FileContexts? Labels { get; init; }

    /// <summary>Asked which files' contents are wanted, by their paths; the others are empty files without metadata. All are wanted where it is not set.</summary>
    public Func<string, bool>? WantsContent { get; init; }

    /// <summary>How many entries were left out, by the top-level directory or kind that they are of.</summary>
    public SortedDictionary<string, int> LeftOut { get; } = new(StringComparer.Ordinal);

    /// <summary>The regular files by the names that they have in the layer, the last of a name; kept when asked for.</summary>
    public Dictionary<string, LayerFile>? Names { get; init; }

    /// <summary>Reads the whole stream, to its very end.</summary>
    /// <exception cref="ImportException">It is malformed or hostile.</exception>
    public LayerDirectory Import(Stream tar)
    {
        using var reader = new TarReader(tar, what);
        return Import(reader);
    }

    /// <summary>Reads a layer to its very end.</summary>
    /// <exception cref="ImportException">It is malformed or hostile.</exception>
    public LayerDirectory Import(ILayerReader reader)
    {
        using var workers = new FileWorkers(transaction, Record, Math.Max(2, Environment.ProcessorCount));
        while (reader.Next() is { } entry)
        {
            cancellation.ThrowIfCancellationRequested();
            CountEntry();
            ImportEntry(reader, entry, workers);
        }

        workers.Complete();
        ResolveHardLinks();
        return _root ??= new LayerDirectory { Meta = MetaOf(DirMeta.ForDirectory(0, 0, DefaultDirectoryMode), []), IsImplied = true };
    }

    private void CountEntry()
    {
        if (++_entries > MaximumEntries)
        {
            throw new ImportException($"{what} has more than {MaximumEntries} entries, the directories above them included");
        }
    }

    private void ImportEntry(ILayerReader reader, TarEntry entry, FileWorkers workers)
    {
        string[]? path;
        string? topLevel;
        try
        {
            path = LayerPath.Normalize(entry.Name, out topLevel);
        }
        catch (ImportException e)
        {
            throw new ImportException($"{what}: {e.Message}", e);
        }

        if (path is null)
        {
            CountLeftOut(topLevel!);
            return;
        }

        if (entry.Kind == TarEntryKind.Directory)
        {
            AddDirectory(entry, path);
            return;
        }

        if (path.Length == 0)
        {
            throw new ImportException($"{what}: the root directory is an entry of another kind, {entry.Kind}");
        }

        switch (entry.Kind)
        {
            case TarEntryKind.RegularFile:
                AddFile(reader, entry, path, workers);
                break;
            case TarEntryKind.SymbolicLink:
                AddSymbolicLink(entry, path);
                break;
            case TarEntryKind.HardLink:
                AddHardLink(entry, path);
                break;
            default:
                CountLeftOut("device nodes");
                break;
        }
    }

    private void AddDirectory(TarEntry entry, string[] path)
    {
        Checksum meta = MetaOf(DirMeta.ForDirectory(entry.Uid, entry.Gid, entry.Permissions, AttributesOf(entry)), path);
        if (path.Length == 0)
        {
            _root ??= new LayerDirectory { Meta = meta };
            _root.Meta = meta;
            _root.IsImplied = false;
            return;
        }

        LayerDirectory parent = EnsureParent(entry, path);
        string name = path[^1];
        parent.Files.Remove(name);
        if (!parent.Directories.TryGetValue(name, out LayerDirectory? directory))
        {
            parent.Directories.Add(name, directory = new LayerDirectory { Meta = meta });
        }

        directory.Meta = meta;
        if (directory.IsImplied)
        {
            directory.IsImplied = false;
            _implied -= LengthOf(path);
        }
    }

    private void AddFile(ILayerReader reader, TarEntry entry, string[] path, FileWorkers workers)
    {
        if (WantsContent?.Invoke(PathOf(path)) == false)
        {
            AddName(entry, path).Checksum = _empty ??= transaction.WriteFile(FileHeader.ForFile(0, 0, EmptyFileMode, ExtendedAttributeList.Empty), []).Checksum;
            return;
        }

        FileHeader header = Label(FileHeader.ForFile(entry.Uid, entry.Gid, entry.Permissions, AttributesOf(entry)), path);
        LayerFile file = AddName(entry, path);
        if (Names is not null)
        {
            Names[entry.Name] = file;
        }

        if (reader.TryGetObject(header) is { } known)
        {
            file.Checksum = known.Object;
            Facts.TryAdd(known.Object, known.Facts);
            return;
        }

        workers.AddEntry(reader, entry.Size, header, file, cancellation);
    }

    private void AddSymbolicLink(TarEntry entry, string[] path)
    {
        if (entry.LinkName.Length == 0 || entry.LinkName.Contains('\0') || !FileName.IsUtf8(entry.LinkName))
        {
            throw new ImportException($"{what}: the symbolic link '{entry.Name}' has an empty target, or one that is no UTF-8 text");
        }

        if (entry.LinkName.Length > MaximumTarget)
        {
            throw new ImportException($"{what}: the target of the symbolic link '{entry.Name}' has {entry.LinkName.Length} characters, more than the {MaximumTarget} that Linux allows");
        }

        FileHeader header = Label(FileHeader.ForSymbolicLink(entry.Uid, entry.Gid, entry.LinkName, AttributesOf(entry)), path);
        Record(transaction.WriteSymbolicLink(header), header, 0, AddName(entry, path));
    }

    private void AddHardLink(TarEntry entry, string[] path)
    {
        string[]? target;
        try
        {
            target = LayerPath.Normalize(entry.LinkName, out _);
        }
        catch (ImportException e)
        {
            throw new ImportException($"{what}: the target of the hard link '{entry.Name}': {e.Message}", e);
        }

        if (target is null or [])
        {
            throw new ImportException($"{what}: the hard link '{entry.Name}' points to '{entry.LinkName}', which is not part of the image");
        }

        _hardLinks.Add((EnsureParent(entry, path), path[^1], target, entry.Name));
    }

    // Links count at the end of the layer, as libarchive has it for ostree: their targets may be replaced until then.
    private void ResolveHardLinks()
    {
        foreach ((LayerDirectory parent, string name, string[] target, string path) in _hardLinks)
        {
            LayerDirectory? directory = _root;
            foreach (string component in target.AsSpan(0, target.Length - 1))
            {
                directory = directory?.Directories.GetValueOrDefault(component);
            }

            if (directory is null || !directory.Files.TryGetValue(target[^1], out LayerFile? file))
            {
                throw new ImportException($"{what}: the hard link '{path}' points to '{string.Join('/', target)}', which is no file of this layer");
            }

            parent.Directories.Remove(name);
            parent.Files[name] = file;
        }
    }

    private LayerFile AddName(TarEntry entry, string[] path)
    {
        LayerDirectory parent = EnsureParent(entry, path);
        HasWhiteouts |= path[^1].StartsWith(LayerMerge.WhiteoutPrefix, StringComparison.Ordinal);
        parent.Directories.Remove(path[^1]);
        return parent.Files[path[^1]] = new LayerFile();
    }

    // A layer may lack entries for the directories above a file; they belong to the file's owner then.
    private LayerDirectory EnsureParent(TarEntry entry, string[] path)
    {
        LayerDirectory directory = _root ??= MakeImplied(entry, []);
        for (int i = 0; i < path.Length - 1; i++)
        {
            string component = path[i];
            if (directory.Files.ContainsKey(component))
            {
                throw new ImportException($"{what}: '{entry.Name}' lies below '{component}', which is no directory in this layer");
            }

            if (!directory.Directories.TryGetValue(component, out LayerDirectory? next))
            {
                CountImplied(path.AsSpan(0, i + 1));
                directory.Directories.Add(component, next = MakeImplied(entry, path.AsSpan(0, i + 1)));
            }

            directory = next;
        }

        return directory;
    }

    // An entry brings as many directories as its path has components, and each is written with all of those above it.
    private void CountImplied(ReadOnlySpan<string> path)
    {
        CountEntry();
        _implied += LengthOf(path);
        if (_implied > MaximumImplied)
        {
            throw new ImportException($"{what} has no entries for so many directories that their paths are longer than {MaximumImplied >> 20} MiB");
        }
    }

    private static long LengthOf(ReadOnlySpan<string> path)
    {
        long length = path.Length;
        foreach (string component in path)
        {
            length += component.Length;
        }

        return length;
    }

    private LayerDirectory MakeImplied(TarEntry entry, ReadOnlySpan<string> path) =>
        new() { Meta = MetaOf(DirMeta.ForDirectory(entry.Uid, entry.Gid, DefaultDirectoryMode), path), IsImplied = true };

    private Checksum MetaOf(DirMeta meta, ReadOnlySpan<string> path)
    {
        meta = Labels is null ? meta : meta with { ExtendedAttributes = Labels.Apply(PathOf(path), meta.Mode, meta.ExtendedAttributes) };
        return _metas.TryGetValue(meta, out Checksum known) ? known : _metas[meta] = transaction.WriteDirMeta(meta);
    }

    // Whiteouts are no files of the image.
    private FileHeader Label(FileHeader header, ReadOnlySpan<string> path) => Labels is null || path[^1].StartsWith(LayerMerge.WhiteoutPrefix, StringComparison.Ordinal)
        ? header
        : header with { ExtendedAttributes = Labels.Apply(PathOf(path), header.Mode, header.ExtendedAttributes) };

    private static string PathOf(ReadOnlySpan<string> path) => $"/{string.Join('/', path)}";

    private ExtendedAttributeList AttributesOf(TarEntry entry)
    {
        if (entry.ExtendedAttributes.Count == 0)
        {
            return ExtendedAttributeList.Empty;
        }

        foreach (ExtendedAttribute attribute in entry.ExtendedAttributes)
        {
            if (attribute.Name.Length is 0 or > 255 || attribute.Value.Length > ushort.MaxValue)
            {
                throw new ImportException($"{what}: '{entry.Name}' has an extended attribute whose name or value is too long");
            }
        }

        return ExtendedAttributeList.Create(entry.ExtendedAttributes);
    }

    private void Record(FileObjectResult result, FileHeader header, long size, LayerFile file)
    {
        file.Checksum = result.Checksum;
        Facts.TryAdd(result.Checksum, new FileFacts(header, size, size > 0 ? result.Verity : null));
    }

    private void CountLeftOut(string kind) => LeftOut[kind] = LeftOut.GetValueOrDefault(kind) + 1;
}
