// A part of a file in a table of contents.
namespace Bootc.Oci.Layers.Chunked;

/// <summary>A part of a file's content.</summary>
/// <param name="Offset">Where in the content it starts.</param>
/// <param name="Size">How many bytes of content it is.</param>
/// <param name="Digest">The digest of these bytes.</param>
/// <param name="Range">The frames of the blob that decompress to them.</param>
/// <param name="IsZeros">Whether it is nothing but zeros.</param>
public readonly record struct TocChunk(long Offset, long Size, ContentDigest Digest, BlobRange Range, bool IsZeros);
