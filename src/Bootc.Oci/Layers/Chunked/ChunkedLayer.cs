// What a layer's annotations say of its table of contents.
using System.Globalization;
using Bootc.Oci.Model;

namespace Bootc.Oci.Layers.Chunked;

/// <summary>
/// Where a zstd:chunked layer has its table of contents and its tar-split. Such a layer is a layer compressed with Zstandard
/// like any other, in which every file is a frame of its own; at its end, in frames that decompressors skip, it has the table
/// that says which file lies where, and a tar-split: the bytes of the tar stream that are not content of files. Files can be
/// fetched on their own then, and the tar stream still be put together as it was.
/// </summary>
/// <remarks>
/// The format is that of containers/storage, pkg/chunked. Three annotations of the layer's descriptor describe it:
/// <code>
/// io.github.containers.zstd-chunked.manifest-checksum   the digest of the table as it lies in the blob, compressed
/// io.github.containers.zstd-chunked.manifest-position   OFFSET:LENGTH:UNCOMPRESSED-LENGTH:1, decimal
/// io.github.containers.zstd-chunked.tarsplit-position   OFFSET:LENGTH:UNCOMPRESSED-LENGTH, decimal
/// </code>
/// A footer at the blob's end says the same; it is not read, since without annotations nothing would tell that it is there, nor
/// does the manifest, which signatures cover, vouch for it.
/// </remarks>
/// <param name="TocDigest">The digest of the table of contents, compressed.</param>
/// <param name="Toc">Where the table is in the blob.</param>
/// <param name="TocSize">How many bytes it has uncompressed.</param>
/// <param name="TarSplit">Where the tar-split is in the blob.</param>
/// <param name="TarSplitSize">How many bytes it has uncompressed.</param>
public sealed record ChunkedLayer(Digest TocDigest, BlobRange Toc, long TocSize, BlobRange TarSplit, long TarSplitSize)
{
    /// <summary>The annotation with the digest of the table of contents.</summary>
    public const string TocDigestAnnotation = "io.github.containers.zstd-chunked.manifest-checksum";

    /// <summary>The annotation with the position of the table of contents.</summary>
    public const string TocPositionAnnotation = "io.github.containers.zstd-chunked.manifest-position";

    /// <summary>The annotation with the position of the tar-split.</summary>
    public const string TarSplitPositionAnnotation = "io.github.containers.zstd-chunked.tarsplit-position";

    // Both are kept in memory compressed; the table is kept as it is read, the tar-split passes by.
    private const long MaximumSize = 64 << 20;
    private const long MaximumTocSize = 128 << 20;
    private const long MaximumTarSplitSize = 1 << 30;
    private const long TypeOfTable = 1;

    /// <summary>What the annotations of a layer say; <see langword="null"/> when it has no table of contents, or not one that can be used.</summary>
    public static ChunkedLayer? TryParse(Descriptor layer)
    {
        if (layer.Annotations is not { } annotations
            || !Digest.TryParse(annotations.GetValueOrDefault(TocDigestAnnotation), out Digest digest)
            || ParseNumbers(annotations.GetValueOrDefault(TocPositionAnnotation)) is not [var tocOffset, var tocLength, var tocSize, TypeOfTable]
            || ParseNumbers(annotations.GetValueOrDefault(TarSplitPositionAnnotation)) is not [var splitOffset, var splitLength, var splitSize])
        {
            return null;
        }

        var chunked = new ChunkedLayer(digest, new BlobRange(tocOffset, tocLength), tocSize, new BlobRange(splitOffset, splitLength), splitSize);
        bool isUsable = IsIn(chunked.Toc, layer.Size) && tocSize is > 0 and <= MaximumTocSize
            && IsIn(chunked.TarSplit, layer.Size) && splitSize is > 0 and <= MaximumTarSplitSize;
        return isUsable ? chunked : null;
    }

    /// <summary>What a layer says of itself, without what it says of its blob: tables of contents, of eStargz as well.</summary>
    internal static Dictionary<string, string> WithoutTables(IReadOnlyDictionary<string, string>? annotations)
    {
        const string estargz = "containerd.io/snapshot/stargz/";
        const string estargzSize = "io.containers.estargz.uncompressed-size";
        const string chunked = "io.github.containers.zstd-chunked.";
        bool IsOfBlob(string key) => key.StartsWith(chunked, StringComparison.Ordinal) || key.StartsWith(estargz, StringComparison.Ordinal) || key == estargzSize;
        return new Dictionary<string, string>((annotations ?? new Dictionary<string, string>()).Where(annotation => !IsOfBlob(annotation.Key)));
    }

    private static bool IsIn(BlobRange range, long blobSize) => range.Offset > 0 && range.Length is > 0 and <= MaximumSize && range.Offset <= blobSize - range.Length;

    private static long[] ParseNumbers(string? text)
    {
        string[] parts = text?.Split(':') ?? [];
        long[] numbers = new long[parts.Length];
        for (int i = 0; i < parts.Length; i++)
        {
            if (!long.TryParse(parts[i], NumberStyles.None, CultureInfo.InvariantCulture, out numbers[i]))
            {
                return [];
            }
        }

        return numbers;
    }
}
