// Brings an image from wherever it is to a registry.
using System.Collections.Concurrent;
using System.Text.Json;
using Bootc.Oci.Layers;
using Bootc.Oci.Layers.Chunked;
using Bootc.Oci.Model;
using Bootc.Oci.Registry;

namespace Bootc.Oci;

/// <summary>
/// Pushes an image. Where its blobs are as its manifest names them, they and the manifest stay as they are, digests,
/// signatures and tables of contents of zstd:chunked layers included. Where its layers lie uncompressed, they are compressed
/// on the way and the manifest is made anew; layers that the registry has compressed already, under the name that is pushed
/// to or as the image was pulled once, are not sent again. No layer is in memory or in a file on the way. With
/// <see cref="ForceCompression"/>, layers that are compressed otherwise than they shall be are compressed anew as well.
/// </summary>
/// <param name="source">Where the image is.</param>
/// <param name="target">Where it shall be.</param>
/// <param name="options">Credentials, settings, and how patient the network is used.</param>
public sealed class ImagePush(IImageSource source, RegistryReference target, OciOptions options)
{
    private const int MaximumParallelBlobs = 3;
    private readonly RegistryClient _client = new(options with { ConnectionsPerHost = Math.Max(2, options.ConnectionsPerHost) });
    private readonly ConcurrentDictionary<Digest, BlobPlacement> _placements = new();
    private long _bytes;

    /// <summary>How layers are compressed that are not.</summary>
    public LayerCompression Compression { get; init; } = LayerCompression.Gzip;

    /// <summary>Whether all layers must have that compression, those that are compressed already included. Such an image has another digest, which no signature covers.</summary>
    public bool ForceCompression { get; init; }

    /// <summary>The digest that the image's manifest must have where it is, if only that very image is meant.</summary>
    public Digest? Expected { get; init; }

    /// <summary>Whose image of an index is pushed.</summary>
    public Platform Platform { get; init; } = Platform.Current;

    /// <summary>Runs the push. The name stands for the image when all of it is there; until then it stands for what it stood for.</summary>
    /// <exception cref="OciException">The image cannot be had, or the registry does not take it.</exception>
    public async Task<PushedImage> RunAsync(IPushProgress? progress, CancellationToken cancellation)
    {
        ResolvedManifest image = await source.FetchManifestAsync(Platform, cancellation).ConfigureAwait(false);
        if (Expected is { } expected && image.Digest != expected)
        {
            throw new ImageNotFoundException($"{source.Reference} is another image by now: {image.Digest}, not {expected}");
        }

        Digest digest;
        if (source.HasOriginalBlobs && (!ForceCompression || image.Manifest.Layers.All(HasWantedForm)))
        {
            await PushBlobsAsync(image.Manifest, progress, cancellation).ConfigureAwait(false);
            string type = image.Manifest.MediaType ?? MediaTypes.OciManifest;
            digest = await _client.PutManifestAsync(target, image.Bytes, type, cancellation).ConfigureAwait(false);
        }
        else
        {
            RequireTarLayers(image.Manifest);
            byte[] manifest = await PushCompressedAsync(image.Manifest, progress, cancellation).ConfigureAwait(false);
            digest = await _client.PutManifestAsync(target, manifest, MediaTypes.OciManifest, cancellation).ConfigureAwait(false);
        }

        int Count(BlobPlacement placement) => _placements.Values.Count(each => each == placement);
        return new PushedImage(digest, Count(BlobPlacement.Uploaded), Count(BlobPlacement.Mounted), Count(BlobPlacement.Present), _bytes);
    }

    private async Task PushBlobsAsync(ImageManifest manifest, IPushProgress? progress, CancellationToken cancellation)
    {
        Descriptor[] blobs = [.. manifest.Layers.Append(manifest.Config).DistinctBy(blob => blob.Digest)];
        ConcurrentDictionary<Digest, bool> present = new();
        await ForEachAsync(blobs, async (blob, stop) => present[blob.Digest] = await _client.HasBlobAsync(target, blob.Digest, stop).ConfigureAwait(false), cancellation).ConfigureAwait(false);
        Descriptor[] missing = [.. blobs.Where(blob => !present[blob.Digest])];
        progress?.Start(missing, [.. blobs.Where(blob => present[blob.Digest])]);
        foreach (Descriptor blob in blobs.Where(blob => present[blob.Digest]))
        {
            _placements[blob.Digest] = BlobPlacement.Present;
        }

        await ForEachAsync(missing, (blob, stop) => PushAsync(blob, new StoredBlob(source, blob, progress), progress, stop), cancellation).ConfigureAwait(false);
    }

    private async Task PushAsync(Descriptor blob, IBlobContent content, IPushProgress? progress, CancellationToken cancellation)
    {
        BlobPlacement placement = await _client.UploadBlobAsync(target, content, MountableFrom(), cancellation).ConfigureAwait(false);
        _placements[blob.Digest] = placement;
        Interlocked.Add(ref _bytes, placement == BlobPlacement.Uploaded ? content.Descriptor!.Size : 0);
        progress?.BlobDone(blob, placement);
    }

    private async Task<byte[]> PushCompressedAsync(ImageManifest manifest, IPushProgress? progress, CancellationToken cancellation)
    {
        ReadOnlyMemory<byte> configBytes = await source.FetchSmallBlobAsync(manifest.Config, ImageConfig.MaximumSize, cancellation).ConfigureAwait(false);
        Digest[] diffIds = ImageConfig.Parse(configBytes.Span, source.Reference.ToString()).RootFs.DiffIds;
        if (diffIds.Length != manifest.Layers.Length)
        {
            throw new ManifestException($"{source.Reference} has {manifest.Layers.Length} layers, and its configuration names {diffIds.Length}");
        }

        Dictionary<Digest, Descriptor> known = await FindKnownLayersAsync(cancellation).ConfigureAwait(false);
        var layers = new ConcurrentDictionary<Digest, Descriptor>(); // by diff-id: a layer may be there twice
        (Descriptor Layer, Digest DiffId)[] distinct = [.. manifest.Layers.Zip(diffIds).DistinctBy(pair => pair.Second)];
        await ForEachAsync(distinct, async (pair, stop) =>
        {
            if (await FindPresentAsync(pair.Layer, pair.DiffId, known.GetValueOrDefault(pair.DiffId), stop).ConfigureAwait(false) is { } there)
            {
                layers[pair.DiffId] = there;
                _placements[there.Digest] = BlobPlacement.Present;
            }
        }, cancellation).ConfigureAwait(false);
        progress?.Start([.. distinct.Where(pair => !layers.ContainsKey(pair.DiffId)).Select(pair => pair.Layer)], [.. layers.Values]);
        await ForEachAsync(distinct.Where(pair => !layers.ContainsKey(pair.DiffId)), async (pair, stop) =>
        {
            layers[pair.DiffId] = await PushLayerAsync(pair.Layer, pair.DiffId, progress, stop).ConfigureAwait(false);
        }, cancellation).ConfigureAwait(false);
        Descriptor config = manifest.Config with { MediaType = MediaTypes.OciConfig };
        _placements[config.Digest] = await _client.UploadBlobAsync(target, config, configBytes, cancellation).ConfigureAwait(false);
        var pushed = new ImageManifest
        {
            MediaType = MediaTypes.OciManifest,
            Config = config,
            Layers = [.. diffIds.Select(diffId => layers[diffId])],
            Annotations = manifest.Annotations,
        };
        return JsonSerializer.SerializeToUtf8Bytes(pushed, OciJson.Default.ImageManifest);
    }

    private async Task<Descriptor> PushLayerAsync(Descriptor layer, Digest diffId, IPushProgress? progress, CancellationToken cancellation)
    {
        if (source.HasOriginalBlobs && HasWantedForm(layer))
        {
            await PushAsync(layer, new StoredBlob(source, layer, progress), progress, cancellation).ConfigureAwait(false);
            return layer with { MediaType = OciTypeOf(layer.MediaType)! };
        }

        var content = new CompressedLayer(source, layer, diffId, Compression, progress);
        try
        {
            await PushAsync(layer, content, progress, cancellation).ConfigureAwait(false);
        }
        catch (LayerFormatException) when (Compression == LayerCompression.ZstdChunked)
        {
            // What tables of contents have no word for goes without one; a layer that is damaged is found to be so again.
            content = new CompressedLayer(source, layer, diffId, LayerCompression.Zstd, progress);
            await PushAsync(layer, content, progress, cancellation).ConfigureAwait(false);
        }

        return content.Descriptor!;
    }

    private bool HasWantedForm(Descriptor layer) => OciTypeOf(layer.MediaType) is { } type && Compression switch
    {
        LayerCompression.Gzip => type == MediaTypes.OciLayerGzip,
        LayerCompression.Zstd => type == MediaTypes.OciLayerZstd,
        _ => type == MediaTypes.OciLayerZstd && ChunkedLayer.TryParse(layer) is not null,
    };

    // What is encrypted, or no layer at all, cannot be compressed anew.
    private void RequireTarLayers(ImageManifest manifest)
    {
        if (source.HasOriginalBlobs && Array.Find(manifest.Layers, layer => OciTypeOf(layer.MediaType) is null && layer.MediaType is not (MediaTypes.OciLayer or MediaTypes.DockerLayer)) is { } other)
        {
            throw new ManifestException($"{source.Reference} has a layer of the type '{other.MediaType}', which cannot be compressed anew");
        }
    }

    // As it was compressed where the image was pulled from, or as it was pushed under the name before.
    private async Task<Descriptor?> FindPresentAsync(Descriptor original, Digest diffId, Descriptor? claimed, CancellationToken cancellation)
    {
        if (OciTypeOf(original.MediaType) is { } type && (!ForceCompression || HasWantedForm(original)) && await _client.HasBlobAsync(target, original.Digest, cancellation).ConfigureAwait(false))
        {
            return original with { MediaType = type };
        }

        return claimed is not null && HasWantedForm(claimed) && await _client.HasBlobAsync(target, claimed.Digest, cancellation).ConfigureAwait(false)
            ? await FindEqualAsync(original, diffId, claimed.Digest, cancellation).ConfigureAwait(false)
            : null;
    }

    // Only the registry says that this blob is the layer. It is what compressing the layer gives, or another one is sent:
    // nobody else is to decide what the image is made of that is pushed here, and signed later on.
    private async Task<Descriptor?> FindEqualAsync(Descriptor layer, Digest diffId, Digest claimed, CancellationToken cancellation)
    {
        var content = new CompressedLayer(source, layer, diffId, Compression, progress: null);
        try
        {
            await using Stream bytes = await content.OpenAsync(cancellation).ConfigureAwait(false);
            await bytes.CopyToAsync(Stream.Null, cancellation).ConfigureAwait(false);
        }
        catch (LayerFormatException) when (Compression == LayerCompression.ZstdChunked)
        {
            return null; // goes without a table
        }

        return content.Descriptor!.Digest == claimed ? content.Descriptor : null;
    }

    // By what the registry says of what is under the name.
    private async Task<Dictionary<Digest, Descriptor>> FindKnownLayersAsync(CancellationToken cancellation)
    {
        var known = new Dictionary<Digest, Descriptor>();
        try
        {
            await using IImageSource before = ImageSources.Open(new ImageReference(Transport.Registry, target.ToString()), options);
            ImageManifest manifest = (await before.FetchManifestAsync(Platform, cancellation).ConfigureAwait(false)).Manifest;
            ReadOnlyMemory<byte> config = await before.FetchSmallBlobAsync(manifest.Config, ImageConfig.MaximumSize, cancellation).ConfigureAwait(false);
            foreach ((Descriptor layer, Digest diffId) in manifest.Layers.Zip(ImageConfig.Parse(config.Span, target.ToString()).RootFs.DiffIds))
            {
                known[diffId] = layer;
            }
        }
        catch (OciException)
        {
            // There is nothing under the name yet, or something else than an image.
        }

        return known;
    }

    private string? MountableFrom()
    {
        if (source.Reference.Transport != Transport.Registry)
        {
            return null;
        }

        RegistryReference from = RegistryReference.Parse(source.Reference.Name);
        return from.Registry == target.Registry ? from.Repository : null;
    }

    // Layers are not sent uncompressed.
    private static string? OciTypeOf(string type) => type switch
    {
        MediaTypes.OciLayerGzip or MediaTypes.DockerLayerGzip => MediaTypes.OciLayerGzip,
        MediaTypes.OciLayerZstd => MediaTypes.OciLayerZstd,
        _ => null,
    };

    // Within one registry, a blob on its way has a connection from there and one to there.
    private Task ForEachAsync<T>(IEnumerable<T> items, Func<T, CancellationToken, Task> work, CancellationToken cancellation) => Parallel.ForEachAsync(
        items, new ParallelOptions { MaxDegreeOfParallelism = Math.Clamp(options.ConnectionsPerHost / 2, 1, MaximumParallelBlobs), CancellationToken = cancellation }, (item, stop) => new ValueTask(work(item, stop)));
}
