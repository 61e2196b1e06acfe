// A directory of a layer while the layer is read.
using Bootc.Ostree;
using Bootc.Ostree.Objects;

namespace Bootc.Import;

/// <summary>A directory whose files may still be on their way into the repository.</summary>
internal sealed class LayerDirectory
{
    public Dictionary<string, LayerFile> Files { get; } = [];

    public Dictionary<string, LayerDirectory> Directories { get; } = [];

    public required Checksum Meta { get; set; }

    /// <summary>Whether the layer has no entry for the directory, only for what is in it.</summary>
    public bool IsImplied { get; set; }

    public MutableTree ToMutableTree()
    {
        var tree = new MutableTree { Meta = Meta };
        foreach ((string name, LayerFile file) in Files)
        {
            tree.ReplaceFile(name, file.Checksum);
        }

        foreach ((string name, LayerDirectory directory) in Directories)
        {
            tree.ReplaceDirectory(name, directory.ToMutableTree());
        }

        return tree;
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
