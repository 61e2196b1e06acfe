// How layers are compressed that are not compressed where they come from.
namespace Bootc.Oci.Layers;

/// <summary>A compression of layers.</summary>
public enum LayerCompression
{
    /// <summary>gzip, which every engine reads.</summary>
    Gzip,

    /// <summary>Zstandard: smaller, and faster both ways.</summary>
    Zstd,
}
