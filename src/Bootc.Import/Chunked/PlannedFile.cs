// A file of a layer, and where its content comes from.
using Bootc.Oci.Layers.Chunked;

namespace Bootc.Import.Chunked;

/// <summary>A file of a layer's table of contents.</summary>
/// <param name="File">The file.</param>
/// <param name="Pieces">Where its content comes from, in order.</param>
internal sealed record PlannedFile(TocFile File, ContentPiece[] Pieces);
