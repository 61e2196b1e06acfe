// How layers are compressed that are not compressed where they come from.
namespace Bootc.Oci.Layers;

/// <summary>A compression of layers.</summary>
public enum LayerCompression
{
    /// <summary>gzip, which every engine reads.</summary>
    Gzip,

    /// <summary>Zstandard: smaller, and faster both ways.</summary>
    Zstd,

    /// <summary>Zstandard with a table of contents, so that hosts fetch only those files that they lack; whoever reads Zstandard reads it.</summary>
    ZstdChunked,
}
