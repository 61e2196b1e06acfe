// An entry of a table of contents whose content is still being compressed.
namespace Bootc.Oci.Layers.Chunked;

/// <summary>An entry that goes into the table when all its chunks are written, and those before it are in the table.</summary>
internal sealed class TocEntryInTheMaking(TarHeader header, string type)
{
    public TarHeader Header { get; } = header;

    public string Type { get; } = type;

    /// <summary>The chunks that are written.</summary>
    public List<TocChunk> Chunks { get; } = [];

    /// <summary>The digest of the content, where it is more than one chunk.</summary>
    public ContentDigest? Digest { get; set; }

    /// <summary>How many chunks there are, once that is known.</summary>
    public int? Count { get; set; }

    public bool IsComplete => Count == Chunks.Count;
}
