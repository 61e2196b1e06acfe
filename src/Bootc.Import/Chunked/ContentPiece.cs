// Where a piece of a file of a layer comes from.
using Bootc.Oci.Layers.Chunked;
using Bootc.Ostree.Objects;

namespace Bootc.Import.Chunked;

/// <summary>A piece of a file: part of an object of the repository, zeros, or what has to be fetched.</summary>
/// <param name="Size">How many bytes of content it is.</param>
internal readonly record struct ContentPiece(long Size)
{
    /// <summary>The digest of the piece.</summary>
    public ContentDigest Digest { get; init; }

    /// <summary>The object that has it, if one does.</summary>
    public Checksum? Object { get; init; }

    /// <summary>Where in the object's content it starts.</summary>
    public long ObjectOffset { get; init; }

    /// <summary>The range of the blob that has to be fetched; empty when there is nothing to fetch.</summary>
    public BlobRange Range { get; init; }
}
