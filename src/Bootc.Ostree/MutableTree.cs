// A directory tree in memory, on its way to a commit or taken from one.
using Bootc.Ostree.Objects;

namespace Bootc.Ostree;

/// <summary>
/// A directory whose files are objects already and whose names can change. Directories that come from a repository are read
/// when they are first looked into; those never changed keep their checksums and are not written again.
/// </summary>
public sealed class MutableTree
{
    private readonly Dictionary<string, Checksum> _files = [];
    private readonly Dictionary<string, MutableTree> _directories = [];
    private readonly Repository? _repository;
    private Checksum? _tree;
    private Checksum? _meta;
    private Checksum? _originalMeta;
    private bool _loaded;

    /// <summary>An empty directory, without metadata as yet.</summary>
    public MutableTree() => _loaded = true;

    private MutableTree(Repository repository, Checksum tree, Checksum meta)
    {
        _repository = repository;
        _tree = tree;
        _meta = meta;
    }

    /// <summary>The checksum of the directory's metadata, once known.</summary>
    public Checksum? Meta
    {
        get => _meta;
        set => _meta = value;
    }

    /// <summary>The files and symbolic links, in no order.</summary>
    public IReadOnlyDictionary<string, Checksum> Files => Loaded()._files;

    /// <summary>The directories, in no order.</summary>
    public IReadOnlyDictionary<string, MutableTree> Directories => Loaded()._directories;

    /// <summary>Whether the directory is still as the repository has it; then its dirtree checksum.</summary>
    public Checksum? UnchangedTree
    {
        get
        {
            if (_tree is null || _directories.Values.Any(child => child.UnchangedTree is null || child.MetaChanged))
            {
                return null;
            }

            return _tree;
        }
    }

    /// <summary>The root of a commit.</summary>
    public static MutableTree FromCommit(Repository repository, Checksum commit)
    {
        Commit loaded = repository.LoadCommit(commit);
        return FromTree(repository, loaded.RootTree, loaded.RootMeta);
    }

    /// <summary>A directory of a repository.</summary>
    public static MutableTree FromTree(Repository repository, Checksum tree, Checksum meta) => new(repository, tree, meta) { _originalMeta = meta };

    /// <summary>The file of a name, or <see langword="null"/>.</summary>
    public Checksum? TryGetFile(string name) => Loaded()._files.TryGetValue(name, out Checksum file) ? file : null;

    /// <summary>The directory of a name, or <see langword="null"/>.</summary>
    public MutableTree? TryGetDirectory(string name) => Loaded()._directories.GetValueOrDefault(name);

    /// <summary>Makes a name stand for a file, whatever it was before.</summary>
    public void ReplaceFile(string name, Checksum file)
    {
        ValidateName(name);
        Loaded();
        _tree = null;
        _directories.Remove(name);
        _files[name] = file;
    }

    /// <summary>The directory of a name, made where there is none; a file of that name is replaced.</summary>
    public MutableTree EnsureDirectory(string name)
    {
        ValidateName(name);
        if (Loaded()._directories.TryGetValue(name, out MutableTree? existing))
        {
            return existing;
        }

        var directory = new MutableTree();
        ReplaceDirectory(name, directory);
        return directory;
    }

    /// <summary>Makes a name stand for a directory, whatever it was before.</summary>
    public void ReplaceDirectory(string name, MutableTree directory)
    {
        ValidateName(name);
        Loaded();
        _tree = null;
        _files.Remove(name);
        _directories[name] = directory;
    }

    /// <summary>Removes a name; <see langword="false"/> when there was none.</summary>
    public bool Remove(string name)
    {
        if (!Loaded()._files.Remove(name) && !_directories.Remove(name))
        {
            return false;
        }

        _tree = null;
        return true;
    }

    /// <summary>Removes all names.</summary>
    public void Clear()
    {
        _loaded = true;
        _tree = null;
        _files.Clear();
        _directories.Clear();
    }

    /// <summary>Writes all directories that changed and returns this one's checksums.</summary>
    /// <exception cref="InvalidOperationException">A directory has no metadata.</exception>
    public (Checksum Tree, Checksum Meta) Write(RepositoryTransaction transaction)
    {
        Checksum meta = _meta ?? throw new InvalidOperationException("a directory of the tree has no metadata");
        if (UnchangedTree is { } unchanged)
        {
            return (unchanged, meta);
        }

        var directories = new List<DirTreeDirectory>(Directories.Count);
        foreach ((string name, MutableTree child) in _directories)
        {
            (Checksum childTree, Checksum childMeta) = child.Write(transaction);
            directories.Add(new DirTreeDirectory(name, childTree, childMeta));
        }

        return (transaction.WriteDirTree(new DirTree(_files.Select(file => new DirTreeFile(file.Key, file.Value)), directories)), meta);
    }

    private bool MetaChanged => _meta != _originalMeta;

    private static void ValidateName(string name)
    {
        if (DirTree.FindFaultInName(name) is { } fault)
        {
            throw new ArgumentException(fault, nameof(name));
        }
    }

    private MutableTree Loaded()
    {
        if (_loaded)
        {
            return this;
        }

        DirTree tree = _repository!.LoadDirTree(_tree!.Value);
        foreach (DirTreeFile file in tree.Files)
        {
            _files.Add(file.Name, file.File);
        }

        foreach (DirTreeDirectory directory in tree.Directories)
        {
            _directories.Add(directory.Name, FromTree(_repository, directory.Tree, directory.Meta));
        }

        _loaded = true;
        return this;
    }
}
