// Writes the layers of an encapsulated commit.
using Bootc.Import.SELinux;
using Bootc.Import.Tar;
using Bootc.Linux;
using Bootc.Ostree;
using Bootc.Ostree.GVariant;
using Bootc.Ostree.Objects;

namespace Bootc.Import.Encapsulation;

/// <summary>
/// Writes a part of a commit as a tar stream that is both an ostree repository in the mode bare-split-xattrs and, by hard links to its
/// objects, the files that containers see (format 1 of ostree-ext). Order and metadata depend on the content alone.
/// </summary>
internal sealed class OstreeLayerWriter(Repository repository, Stream output, CancellationToken cancellation) : IDisposable
{
    private const string RepositoryPath = "sysroot/ostree/repo/";
    private const string CachedUpdatePrefix = "ostree-ext.cached.";
    private const uint DirectoryMode = 0x1ED; // 0755
    private const uint FileMode = 0x1A4; // 0644
    private static readonly string[] Folders = ["extensions", "refs", "refs/heads", "refs/mirrors", "refs/remotes", "state", "tmp", "tmp/cache"];

    private readonly TarWriter _tar = new(output);
    private readonly HashSet<ObjectName> _metadata = [];
    private readonly HashSet<string> _directories = [];

    /// <summary>Writes the layer with the commit: all of its directories, and those files that are in no other layer.</summary>
    public void WriteCommit(Checksum checksum, Commit commit, IEnumerable<ContentObject> files)
    {
        DirMeta root = repository.LoadDirMeta(commit.RootMeta);
        WriteDirectory("./", root);
        WriteStructure();
        WriteMetadata(new(checksum, ObjectType.Commit));
        if (DetachedMetadataOf(checksum) is { } detached)
        {
            WriteFile(PathOf(new(checksum, ObjectType.CommitMeta)), detached.Serialize());
        }

        WriteMetadata(new(commit.RootMeta, ObjectType.DirMeta));
        WriteTree(commit.RootTree, "");
        if (_directories.Add("var/tmp"))
        {
            Write(TarEntryKind.Directory, "var/tmp/", 0x3FF, 0, 0); // containers have no systemd-tmpfiles(8) that would make it
        }

        WriteFiles(files);
        _tar.Complete();
    }

    /// <summary>Writes a layer of files.</summary>
    public void WriteObjects(IEnumerable<ContentObject> files)
    {
        WriteStructure();
        WriteFiles(files);
        _tar.Complete();
    }

    /// <inheritdoc/>
    public void Dispose() => _tar.Dispose();

    private void WriteStructure()
    {
        foreach (string path in (string[])["sysroot", "sysroot/ostree", "sysroot/ostree/repo", "sysroot/ostree/repo/objects"])
        {
            Write(TarEntryKind.Directory, path + "/", DirectoryMode, 0, 0);
        }

        foreach (string path in Enumerable.Range(0, 256).Select(prefix => $"objects/{prefix:x2}").Concat(Folders))
        {
            Write(TarEntryKind.Directory, $"{RepositoryPath}{path}/", DirectoryMode, 0, 0);
        }

        WriteFile(RepositoryPath + "config", "[core]\nrepo_version=1\nmode=bare-split-xattrs\n"u8);
    }

    private void WriteTree(Checksum checksum, string prefix)
    {
        cancellation.ThrowIfCancellationRequested();
        WriteMetadata(new(checksum, ObjectType.DirTree));
        foreach (DirTreeDirectory directory in repository.LoadDirTree(checksum).Directories)
        {
            string path = prefix + directory.Name;
            WriteMetadata(new(directory.Meta, ObjectType.DirMeta));

            // Its place in the container is that of the repository.
            if (path != "sysroot" && _directories.Add(PathInContainer(path)))
            {
                WriteDirectory(PathInContainer(path) + "/", repository.LoadDirMeta(directory.Meta));
            }

            WriteTree(directory.Tree, path + "/");
        }
    }

    private void WriteMetadata(ObjectName name)
    {
        if (_metadata.Add(name))
        {
            WriteFile(PathOf(name), repository.LoadMetadata(name));
        }
    }

    // Signatures belong to the commit; what this host saw of updates does not.
    private VariantDictionary? DetachedMetadataOf(Checksum commit)
    {
        if (repository.LoadDetachedMetadata(commit) is not { } all)
        {
            return null;
        }

        var kept = new VariantDictionary();
        foreach ((string key, GVariantValue value) in all.Where(entry => !entry.Key.StartsWith(CachedUpdatePrefix, StringComparison.Ordinal)))
        {
            kept.Set(key, value);
        }

        return kept.Count > 0 ? kept : null;
    }

    private void WriteFiles(IEnumerable<ContentObject> files)
    {
        foreach (ContentObject file in files.OrderBy(file => file.Checksum))
        {
            WriteObject(file);
            foreach (string path in file.Paths)
            {
                WriteName(file, PathInContainer(path));
            }
        }
    }

    private void WriteObject(ContentObject file)
    {
        string path = PathOf(new(file.Checksum, ObjectType.File));
        WriteFile(PathOf(new(file.Checksum, ObjectType.FileXattrsLink)), file.Header.ExtendedAttributes.ToValue().Data.Span);
        TarEntry entry = EntryOf(file, path);
        if (entry.Kind == TarEntryKind.SymbolicLink)
        {
            _tar.Write(entry);
            return;
        }

        using Stream content = repository.OpenFileContent(file.Checksum);
        _tar.Write(entry with { Size = file.Size }, content, cancellation);
    }

    // Empty files are files of their own: container builds change them in place, and with them all that are linked.
    private void WriteName(ContentObject file, string path)
    {
        TarEntry entry = EntryOf(file, path);
        bool isEmpty = entry.Kind == TarEntryKind.RegularFile && file.Size == 0;
        _tar.Write(isEmpty ? entry : entry with
        {
            Kind = TarEntryKind.HardLink,
            LinkName = PathOf(new(file.Checksum, ObjectType.File)),
            ExtendedAttributes = [],
        });
    }

    private static TarEntry EntryOf(ContentObject file, string path) => new()
    {
        Kind = file.Header.IsSymbolicLink ? TarEntryKind.SymbolicLink : TarEntryKind.RegularFile,
        Name = path,
        LinkName = file.Header.LinkTarget,
        Permissions = file.Header.Mode & ModeBits.PermissionMask,
        Uid = file.Header.Uid,
        Gid = file.Header.Gid,
        Size = 0,
        ExtendedAttributes = ForContainers(file.Header.ExtendedAttributes),
    };

    private void WriteDirectory(string path, DirMeta meta) =>
        Write(TarEntryKind.Directory, path, meta.Mode & ModeBits.PermissionMask, meta.Uid, meta.Gid, ForContainers(meta.ExtendedAttributes));

    private void WriteFile(string path, ReadOnlySpan<byte> content) => _tar.Write(Entry(TarEntryKind.RegularFile, path, FileMode, 0, 0, []), content);

    private void Write(TarEntryKind kind, string path, uint permissions, uint uid, uint gid, IReadOnlyList<ExtendedAttribute>? attributes = null) =>
        _tar.Write(Entry(kind, path, permissions, uid, gid, attributes ?? []));

    private static TarEntry Entry(TarEntryKind kind, string path, uint permissions, uint uid, uint gid, IReadOnlyList<ExtendedAttribute> attributes) => new()
    {
        Kind = kind,
        Name = path,
        LinkName = "",
        Permissions = permissions,
        Uid = uid,
        Gid = gid,
        Size = 0,
        ExtendedAttributes = attributes,
    };

    // Labels are the host's to give; a key with '=' has no form in PAX records.
    internal static ExtendedAttribute[] ForContainers(ExtendedAttributeList attributes) =>
        [.. attributes.Where(attribute => attribute.Name != FileLabels.Attribute && !attribute.Name.Contains('='))];

    private static string PathOf(ObjectName name) => $"{RepositoryPath}objects/{name.PathIn(RepositoryMode.Bare)}";

    internal static string PathInContainer(string path) => path == "usr/etc" || path.StartsWith("usr/etc/", StringComparison.Ordinal) ? path[4..] : path;
}
