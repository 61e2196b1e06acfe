// From the commit of a layer back to a layer.
using Bootc.Import.Encapsulation;
using Bootc.Import.Tar;
using Bootc.Linux;
using Bootc.Ostree;
using Bootc.Ostree.Objects;

namespace Bootc.Import.Export;

/// <summary>
/// Writes the commit of a layer as a tar stream that unpacks to what the layer unpacked to: /etc where containers have it, whiteouts
/// as they came, no entries for directories that had none. Times are 0, names of the same object are hard links. The same commit
/// gives the same stream.
/// </summary>
internal sealed class LayerCommitWriter(Repository repository, Stream output, CancellationToken cancellation) : IDisposable
{
    private readonly TarWriter _tar = new(output);
    private readonly Dictionary<Checksum, string> _names = [];
    private HashSet<string> _implied = [];

    /// <summary>Writes the layer.</summary>
    /// <exception cref="OstreeException">An object is missing or corrupt.</exception>
    public void Write(Checksum commit)
    {
        Commit loaded = repository.LoadCommit(commit);
        _implied = [.. loaded.Metadata.TryGet(ImageStore.ImpliedDirectoriesKey)?.AsStringArray() ?? []];
        WriteDirectory("", loaded.RootMeta);
        WriteTree(loaded.RootTree, "");
        _tar.Complete();
    }

    public void Dispose() => _tar.Dispose();

    private void WriteTree(Checksum checksum, string prefix)
    {
        cancellation.ThrowIfCancellationRequested();
        DirTree tree = repository.LoadDirTree(checksum);
        foreach (DirTreeFile file in tree.Files)
        {
            WriteFile(file.File, OstreeLayerWriter.PathInContainer(prefix + file.Name));
        }

        foreach (DirTreeDirectory directory in tree.Directories)
        {
            WriteDirectory(prefix + directory.Name, directory.Meta);
            WriteTree(directory.Tree, $"{prefix}{directory.Name}/");
        }
    }

    private void WriteDirectory(string path, Checksum checksum)
    {
        if (_implied.Contains(path))
        {
            return;
        }

        DirMeta meta = repository.LoadDirMeta(checksum);
        _tar.Write(new TarEntry
        {
            Kind = TarEntryKind.Directory,
            Name = path.Length == 0 ? "./" : OstreeLayerWriter.PathInContainer(path) + "/",
            LinkName = "",
            Permissions = meta.Mode & ModeBits.PermissionMask,
            Uid = meta.Uid,
            Gid = meta.Gid,
            Size = 0,
            ExtendedAttributes = OstreeLayerWriter.ForContainers(meta.ExtendedAttributes),
        });
    }

    private void WriteFile(Checksum file, string path)
    {
        (FileHeader header, long size) = repository.LoadFileHeader(file);
        var entry = new TarEntry
        {
            Kind = header.IsSymbolicLink ? TarEntryKind.SymbolicLink : TarEntryKind.RegularFile,
            Name = path,
            LinkName = header.LinkTarget,
            Permissions = header.Mode & ModeBits.PermissionMask,
            Uid = header.Uid,
            Gid = header.Gid,
            Size = header.IsSymbolicLink ? 0 : size,
            ExtendedAttributes = OstreeLayerWriter.ForContainers(header.ExtendedAttributes),
        };

        // Empty files, whiteouts among them, are files of their own.
        if (entry.Size == 0)
        {
            _tar.Write(entry);
            return;
        }

        if (!_names.TryAdd(file, path))
        {
            _tar.Write(entry with { Kind = TarEntryKind.HardLink, LinkName = _names[file], Size = 0, ExtendedAttributes = [] });
            return;
        }

        using Stream content = repository.OpenFileContent(file);
        _tar.Write(entry, content, cancellation);
    }
}
