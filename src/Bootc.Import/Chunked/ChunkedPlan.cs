// How a layer can be had without fetching all of it.
using Bootc.Oci;
using Bootc.Oci.Layers.Chunked;
using Bootc.Oci.Model;

namespace Bootc.Import.Chunked;

/// <summary>Which files of a zstd:chunked layer the repository has already, and which ranges of the blob have the others.</summary>
internal sealed class ChunkedPlan
{
    // Below this, asking for two ranges costs more than what lies between them.
    private const long MaximumGap = 8 * 1024;

    // When so much of a layer has to be fetched anyway, all of it is: one request, and nothing to be put together.
    private const double WorthwhileShare = 0.8;

    // From how many bytes on it pays to read the repository's files, instead of fetching.
    private const long WorthSearching = 1 << 20;

    private ChunkedPlan(ChunkedLayer layer, IReadOnlyDictionary<string, PlannedFile> files, IReadOnlyList<BlobRange> ranges, KnownContent content, long blobSize)
    {
        Layer = layer;
        Files = files;
        Ranges = ranges;
        Content = content;
        BytesToFetch = layer.Toc.Length + layer.TarSplit.Length + ranges.Sum(range => range.Length);
        BytesReused = blobSize - BytesToFetch;
    }

    /// <summary>The layer's annotations.</summary>
    public ChunkedLayer Layer { get; }

    /// <summary>The files, by the names that they have in the tar stream.</summary>
    public IReadOnlyDictionary<string, PlannedFile> Files { get; }

    /// <summary>The ranges of the blob that hold what is missing.</summary>
    public IReadOnlyList<BlobRange> Ranges { get; }

    /// <summary>What the repository has.</summary>
    public KnownContent Content { get; }

    /// <summary>How many bytes are fetched in all, the table of contents included.</summary>
    public long BytesToFetch { get; }

    /// <summary>How many bytes of the blob need not be fetched.</summary>
    public long BytesReused { get; }

    /// <summary>Whether a table of contents could be worth fetching: it is small against the layer.</summary>
    public static bool IsWorthTrying(ChunkedLayer layer, Descriptor blob) => layer.Toc.Length + layer.TarSplit.Length < blob.Size * WorthwhileShare / 2;

    /// <summary>Makes the plan for a layer.</summary>
    /// <returns>The plan; <see langword="null"/> when it is better to fetch the whole layer.</returns>
    /// <exception cref="LayerFormatException">The table of contents is not one of a layer that could be put together.</exception>
    public static ChunkedPlan? Make(ChunkedLayer layer, TableOfContents table, KnownContent content, Descriptor blob, CancellationToken cancellation)
    {
        List<TocFile> missing = [.. table.Files.Where(file => !content.Contains(file.Digest))];
        if (missing.Sum(file => file.Range.Length) >= WorthSearching)
        {
            content.Search(missing, cancellation);
        }

        var files = new Dictionary<string, PlannedFile>(table.Files.Count);
        var ranges = new List<BlobRange>();
        long end = 0;
        foreach (TocFile file in table.Files)
        {
            ContentPiece[] pieces = FindPieces(file, content);
            foreach (ContentPiece piece in pieces)
            {
                if (piece.Range.Length == 0)
                {
                    continue;
                }

                if (piece.Range.Offset < end)
                {
                    throw new LayerFormatException($"the table of contents of layer {blob.Digest} has files that overlap, or in another order than the blob: '{file.Name}' at {piece.Range.Offset}");
                }

                end = piece.Range.End;
                ranges.Add(piece.Range);
            }

            if (!files.TryAdd(file.Name, new PlannedFile(file, pieces)))
            {
                throw new LayerFormatException($"the table of contents of layer {blob.Digest} names '{file.Name}' twice");
            }
        }

        var plan = new ChunkedPlan(layer, files, BlobRange.Merge(ranges, MaximumGap), content, blob.Size);
        return plan.BytesToFetch - layer.Toc.Length <= blob.Size * WorthwhileShare ? plan : null;
    }

    private static ContentPiece[] FindPieces(TocFile file, KnownContent content)
    {
        if (content.TryFind(file.Digest, file.Size) is { } whole)
        {
            return [Reuse(file.Digest, whole)];
        }

        var pieces = new ContentPiece[file.Chunks.Count];
        bool anyReused = false;
        for (int i = 0; i < pieces.Length; i++)
        {
            TocChunk chunk = file.Chunks[i];
            pieces[i] = chunk.IsZeros ? new ContentPiece(chunk.Size)
                : pieces.Length > 1 && content.TryFind(chunk.Digest, chunk.Size) is { } place ? Reuse(chunk.Digest, place)
                : new ContentPiece(chunk.Size) { Digest = chunk.Digest, Range = chunk.Range };
            anyReused |= pieces[i].Range.Length == 0;
        }

        return anyReused ? pieces : [new ContentPiece(file.Size) { Digest = file.Digest, Range = file.Range }];
    }

    private static ContentPiece Reuse(ContentDigest digest, ContentPlace place) =>
        new(place.Size) { Digest = digest, Object = place.Object, ObjectOffset = place.Offset };
}
