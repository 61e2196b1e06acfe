// Looks into layers that have tables of contents, and fetches of them what the repository lacks.
using Bootc.Linux;
using Bootc.Oci;
using Bootc.Oci.Layers.Chunked;
using Bootc.Oci.Model;
using Bootc.Ostree;
using Bootc.Ostree.Objects;
using ZstdSharp;

namespace Bootc.Import.Chunked;

/// <summary>Fetches parts of zstd:chunked layers, from sources that give parts of blobs.</summary>
internal sealed class ChunkedFetch(Repository repository, IImageSource source)
{
    /// <summary>Finds out, of the layers that are missing, how much of them the repository has as files of other layers.</summary>
    /// <exception cref="OciException">The source cannot be reached.</exception>
    public async Task<IReadOnlyList<LayerState>> PlanAsync(LayerState[] layers, CancellationToken cancellation)
    {
        if (source is not IBlobRanges || !layers.Any(IsCandidate) || !repository.ListRefs().Any())
        {
            return layers;
        }

        var content = new KnownContent(repository);
        content.BeginReadingFacts();
        var planned = new Dictionary<Digest, LayerState>();
        foreach (LayerState layer in layers.Where(IsCandidate).DistinctBy(layer => layer.Layer.Digest))
        {
            planned.Add(layer.Layer.Digest, await PlanAsync(layer, content, cancellation).ConfigureAwait(false));
        }

        return [.. layers.Select(layer => planned.TryGetValue(layer.Layer.Digest, out LayerState? known) ? layer with { Plan = known.Plan, Fault = known.Fault } : layer)];
    }

    /// <summary>Starts to fetch what the plan for a layer needs.</summary>
    /// <param name="layer">The layer.</param>
    /// <param name="plan">Its plan.</param>
    /// <param name="received">Told how many bytes have come, the table of contents not counted.</param>
    /// <param name="cancellation">Ends the wait, and the reading.</param>
    public async Task<ChunkedLayerReader> OpenAsync(LayerState layer, ChunkedPlan plan, IProgress<long> received, CancellationToken cancellation)
    {
        var places = (IBlobRanges)source;
        string what = layer.Name;
        byte[] tarSplit = await ReadAsync(layer.Layer, plan.Layer.TarSplit, cancellation).ConfigureAwait(false);
        received.Report(tarSplit.Length);
        var counted = new CountedFrom(tarSplit.Length, received);
        Stream ranges = plan.Ranges.Count == 0 ? Stream.Null : await places.OpenBlobRangesAsync(layer.Layer, plan.Ranges, counted, cancellation).ConfigureAwait(false);
        return new ChunkedLayerReader(
            repository, plan, new DecompressionStream(new MemoryStream(tarSplit)), new ChunkedContent(ranges, plan.Ranges, what), layer.DiffId, what, cancellation);
    }

    /// <summary>Whether an error of fetching parts says nothing against the whole layer.</summary>
    public static bool MayBeHadWhole(Exception e) =>
        e is LayerFormatException or DigestMismatchException or RangesNotSupportedException or ImportException or OstreeException or LinuxException or InvalidDataException;

    /// <summary>The files of a table of contents that passed by; none when there was none, or a malformed one.</summary>
    public static IEnumerable<TocFile> TryReadFiles(byte[]? table, ChunkedLayer? layer, string what)
    {
        try
        {
            return table is null || layer is null ? [] : TableOfContents.Read(table, layer, what).Files;
        }
        catch (OciException)
        {
            return []; // the layer is what it should be, and more is not asked of it
        }
    }

    private static bool IsCandidate(LayerState layer) =>
        layer is { Commit: null, IsContested: false, Kind: LayerKind.Files } && ChunkedLayer.TryParse(layer.Layer) is { } chunked && ChunkedPlan.IsWorthTrying(chunked, layer.Layer);

    private async Task<LayerState> PlanAsync(LayerState layer, KnownContent content, CancellationToken cancellation)
    {
        ChunkedLayer chunked = ChunkedLayer.TryParse(layer.Layer)!;
        try
        {
            byte[] bytes = await ReadAsync(layer.Layer, chunked.Toc, cancellation).ConfigureAwait(false);
            TableOfContents table = TableOfContents.Read(bytes, chunked, layer.Name);
            return layer with { Plan = ChunkedPlan.Make(chunked, table, content, layer.Layer, cancellation) };
        }
        catch (RangesNotSupportedException)
        {
            return layer;
        }
        catch (Exception e) when (MayBeHadWhole(e))
        {
            return layer with { Fault = e.Message };
        }
    }

    private async Task<byte[]> ReadAsync(Descriptor blob, BlobRange range, CancellationToken cancellation)
    {
        byte[] bytes = new byte[range.Length];
        Stream stream = await ((IBlobRanges)source).OpenBlobRangesAsync(blob, [range], null, cancellation).ConfigureAwait(false);
        await using (stream.ConfigureAwait(false))
        {
            int count = await stream.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, cancellation).ConfigureAwait(false);
            return count == bytes.Length ? bytes : throw new LayerFormatException($"layer {blob.Digest} ends within its table of contents");
        }
    }

    private sealed class CountedFrom(long before, IProgress<long> progress) : IProgress<long>
    {
        public void Report(long value) => progress.Report(before + value);
    }
}
