// A directory of a layer while the layer is read.
using Bootc.Ostree;
using Bootc.Ostree.Objects;

namespace Bootc.Import;

/// <summary>A directory whose files may still be on their way into the repository.</summary>
internal sealed class LayerDirectory
{
    private static readonly Dictionary<string, LayerFile> NoFiles = [];

    public Dictionary<string, LayerFile> Files { get; private set; } = [];

    public Dictionary<string, LayerDirectory> Directories { get; } = [];

    public required Checksum Meta { get; set; }

    /// <summary>Whether the layer has no entry for the directory, only for what is in it.</summary>
    public bool IsImplied { get; set; }

    /// <summary>Writes the directory and all below it; its files have been written by now, and are forgotten as it goes.</summary>
    public (Checksum Tree, Checksum Meta) Write(RepositoryTransaction transaction)
    {
        var directories = new List<DirTreeDirectory>(Directories.Count);
        foreach ((string name, LayerDirectory directory) in Directories)
        {
            (Checksum tree, Checksum meta) = directory.Write(transaction);
            directories.Add(new DirTreeDirectory(name, tree, meta));
        }

        var names = new DirTree(Files.Select(file => new DirTreeFile(file.Key, file.Value.Checksum)), directories);
        Files = NoFiles;
        return (transaction.WriteDirTree(names), Meta);
    }

    /// <summary>The paths of the implied directories.</summary>
    public IEnumerable<string> ImpliedPaths(string path = "")
    {
        if (IsImplied)
        {
            yield return path;
        }

        foreach ((string name, LayerDirectory directory) in Directories)
        {
            foreach (string implied in directory.ImpliedPaths(path.Length == 0 ? name : $"{path}/{name}"))
            {
                yield return implied;
            }
        }
    }
}
