// What a layer is to the importer.
namespace Bootc.Import;

/// <summary>What a layer of an image holds.</summary>
public enum LayerKind
{
    /// <summary>Files, as the layers of any image do.</summary>
    Files,

    /// <summary>An ostree commit with its directories, and perhaps some of its files: the lowest layer of an encapsulated image.</summary>
    OstreeCommit,

    /// <summary>Files of that commit, as objects: a chunk.</summary>
    OstreeObjects,
}
