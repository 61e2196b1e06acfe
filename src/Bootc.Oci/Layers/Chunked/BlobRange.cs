// A part of a blob.
namespace Bootc.Oci.Layers.Chunked;

/// <summary>A range of a blob's bytes.</summary>
/// <param name="Offset">Where it starts.</param>
/// <param name="Length">How many bytes it has.</param>
public readonly record struct BlobRange(long Offset, long Length)
{
    /// <summary>Where it ends: the offset of the first byte that does not belong to it.</summary>
    public long End => Offset + Length;

    /// <summary>
    /// Merges ranges that are in order and do not overlap, so that few requests fetch them: what lies between two is fetched
    /// along when it is shorter than <paramref name="maximumGap"/>.
    /// </summary>
    public static IReadOnlyList<BlobRange> Merge(IEnumerable<BlobRange> ranges, long maximumGap)
    {
        var merged = new List<BlobRange>();
        foreach (BlobRange range in ranges)
        {
            if (merged.Count > 0 && range.Offset - merged[^1].End <= maximumGap)
            {
                merged[^1] = merged[^1] with { Length = range.End - merged[^1].Offset };
            }
            else
            {
                merged.Add(range);
            }
        }

        return merged;
    }
}
