// The table of contents of a zstd:chunked layer: which file lies where.
using System.Buffers;
using System.Text.Json;
using ZstdSharp;

namespace Bootc.Oci.Layers.Chunked;

/// <summary>
/// The regular files of a layer. All else that a table says of them (owners, modes, times, links) is in the tar-split as well,
/// where the layer's diff-id covers it; so it is not read here, and a table that contradicts its tar stream has no say.
/// </summary>
public sealed class TableOfContents
{
    private TableOfContents(IReadOnlyList<TocFile> files) => Files = files;

    /// <summary>The files that are not empty, in the order of the table.</summary>
    public IReadOnlyList<TocFile> Files { get; }

    /// <summary>Reads a table.</summary>
    /// <param name="compressed">The table as it lies in the blob.</param>
    /// <param name="layer">The layer's annotations.</param>
    /// <param name="what">The layer's name in errors.</param>
    /// <exception cref="DigestMismatchException">It is not the table that the manifest names.</exception>
    /// <exception cref="LayerFormatException">It is malformed, or names files that cannot be in the blob.</exception>
    public static TableOfContents Read(ReadOnlyMemory<byte> compressed, ChunkedLayer layer, string what)
    {
        what = $"the table of contents of {what}";
        layer.TocDigest.Require(compressed.Span, what);
        var entries = new TocEntries(layer.Toc.Offset);
        try
        {
            using var json = new DecompressionStream(new MemoryStream(compressed.ToArray()));
            Parse(json, layer.TocSize, entries);
            return new TableOfContents(entries.Complete());
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException or ZstdException or EndOfStreamException)
        {
            throw new LayerFormatException($"{what} is malformed: {e.Message}", e);
        }
    }

    // As it is decompressed, for it may be large; a single value in it may not.
    private static void Parse(Stream json, long size, TocEntries entries)
    {
        const int maximumToken = 1 << 20;
        byte[] buffer = ArrayPool<byte>.Shared.Rent(256 * 1024);
        try
        {
            var state = new JsonReaderState(new JsonReaderOptions { MaxDepth = 8 });
            int filled = 0;
            for (long rest = size; ;)
            {
                int count = json.Read(buffer.AsSpan(filled, (int)Math.Min(buffer.Length - filled, rest)));
                rest -= count;
                filled += count;
                bool isLast = count == 0;
                var reader = new Utf8JsonReader(buffer.AsSpan(0, filled), isLast, state);
                while (reader.Read())
                {
                    entries.Add(ref reader);
                }

                if (isLast)
                {
                    return;
                }

                state = reader.CurrentState;
                filled -= (int)reader.BytesConsumed;
                buffer.AsSpan((int)reader.BytesConsumed, filled).CopyTo(buffer);
                if (filled == buffer.Length)
                {
                    buffer = Grow(buffer, maximumToken);
                }
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static byte[] Grow(byte[] buffer, int limit)
    {
        if (buffer.Length >= limit)
        {
            throw new FormatException($"a value has more than {limit} bytes");
        }

        byte[] larger = ArrayPool<byte>.Shared.Rent(buffer.Length * 2);
        buffer.CopyTo(larger, 0);
        ArrayPool<byte>.Shared.Return(buffer);
        return larger;
    }
}
