// A file in a table of contents.
namespace Bootc.Oci.Layers.Chunked;

/// <summary>A regular file of a layer that is not empty.</summary>
/// <param name="Name">Its name, as the tar stream has it.</param>
/// <param name="Size">The size of its content in bytes.</param>
/// <param name="Digest">The digest of its content.</param>
/// <param name="Range">The frames of the blob that decompress to its content.</param>
/// <param name="Chunks">The parts that its content is made of; one, the whole, unless the table has more.</param>
public sealed record TocFile(string Name, long Size, ContentDigest Digest, BlobRange Range, IReadOnlyList<TocChunk> Chunks);
