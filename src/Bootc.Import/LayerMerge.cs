// Lays the trees of layers over each other, whiteouts applied, all in memory.
using Bootc.Ostree;

namespace Bootc.Import;

/// <summary>
/// Merges layers as overlayfs shows them (OCI image-spec, layer.md): <c>.wh.NAME</c> removes a name of the layers below,
/// <c>.wh..wh..opq</c> all names of its directory there.
/// </summary>
internal static class LayerMerge
{
    public const string WhiteoutPrefix = ".wh.";
    private const string OpaqueWhiteout = ".wh..wh..opq";

    /// <summary>Lays a layer over a tree.</summary>
    /// <param name="target">The layers below, changed in place.</param>
    /// <param name="layer">The layer.</param>
    /// <param name="implied">The paths of directories for which the layer has no entry of its own; they keep the metadata they have.</param>
    /// <param name="hasWhiteouts">Whether the layer may have whiteouts; where it has none, what is new in it is not looked into.</param>
    public static void Apply(MutableTree target, MutableTree layer, IReadOnlySet<string> implied, bool hasWhiteouts = true) =>
        Apply(target, layer, implied, hasWhiteouts, "");

    /// <summary>A copy of a layer's directory without its whiteouts, for a place where nothing lies below.</summary>
    private static MutableTree WithoutWhiteouts(MutableTree layer)
    {
        var copy = new MutableTree { Meta = layer.Meta };
        foreach (var (name, file) in layer.Files)
        {
            if (!name.StartsWith(WhiteoutPrefix, StringComparison.Ordinal))
            {
                copy.ReplaceFile(name, file);
            }
        }

        foreach (var (name, directory) in layer.Directories)
        {
            copy.ReplaceDirectory(name, WithoutWhiteouts(directory));
        }

        return copy;
    }

    private static void Apply(MutableTree target, MutableTree layer, IReadOnlySet<string> implied, bool hasWhiteouts, string path)
    {
        if (layer.Files.ContainsKey(OpaqueWhiteout))
        {
            target.Clear();
        }

        if (target.Meta is null || !implied.Contains(path))
        {
            target.Meta = layer.Meta;
        }

        // Whiteouts speak of the layers below, so they come before what this layer adds.
        foreach (string name in layer.Files.Keys)
        {
            if (name.StartsWith(WhiteoutPrefix, StringComparison.Ordinal) && name.Length > WhiteoutPrefix.Length && name != OpaqueWhiteout)
            {
                target.Remove(name[WhiteoutPrefix.Length..]);
            }
        }

        foreach (var (name, file) in layer.Files)
        {
            if (!name.StartsWith(WhiteoutPrefix, StringComparison.Ordinal))
            {
                target.ReplaceFile(name, file);
            }
        }

        foreach (var (name, directory) in layer.Directories)
        {
            if (target.TryGetDirectory(name) is { } below)
            {
                Apply(below, directory, implied, hasWhiteouts, path.Length == 0 ? name : $"{path}/{name}");
            }
            else
            {
                target.ReplaceDirectory(name, hasWhiteouts ? WithoutWhiteouts(directory) : directory);
            }
        }
    }
}
