// An image that podman or buildah has on this machine: `containers-storage:`.
using System.Text.Json;
using Bootc.Oci.Model;
using Bootc.Oci.Signatures;

namespace Bootc.Oci.Transports;

/// <summary>
/// An image in a containers storage. Its manifest is the one that it was pulled or built with; the layers are as they lie
/// there, not compressed, and are checked by their diff-ids.
/// </summary>
internal sealed class ContainersStorageSource : IImageSource
{
    private readonly IReadOnlyList<ContainersStorage> _stores;
    private readonly ContainersStorage _store;
    private readonly StorageImage _image;
    private Dictionary<Digest, StorageLayer>? _layers;

    public ContainersStorageSource(ImageReference reference, OciOptions options)
    {
        Reference = reference;
        string name = reference.Name;
        _stores = ContainersStorage.Open(ref name, options);
        foreach (ContainersStorage store in _stores)
        {
            if (store.Find(name) is { } image)
            {
                (_store, _image) = (store, image);
                return;
            }
        }

        string known = string.Join(", ", _stores.SelectMany(store => store.Names).Distinct().Order(StringComparer.Ordinal).Take(10).DefaultIfEmpty("none"));
        string places = string.Join(", ", _stores.Select(store => store.Path));
        Close();
        throw new ImageNotFoundException($"{places} has no image '{name}', only {known}");
    }

    public ImageReference Reference { get; }

    public bool HasOriginalBlobs => false;

    public Task<ResolvedManifest> FetchManifestAsync(Platform platform, CancellationToken cancellation)
    {
        byte[] bytes = _store.ReadDocument(_image, "manifest", ImageManifest.MaximumSize);
        return ManifestResolution.ResolveAsync(
            digest => Task.FromResult<(ReadOnlyMemory<byte>, string?)>((digest is { } instance ? _store.ReadDocument(_image, $"manifest-{instance}", ImageManifest.MaximumSize) : bytes, null)),
            platform,
            Reference.ToString());
    }

    public Task<ReadOnlyMemory<byte>> FetchSmallBlobAsync(Descriptor descriptor, long limit, CancellationToken cancellation)
    {
        byte[] bytes = _store.ReadDocument(_image, descriptor.Digest.ToString(), limit);
        descriptor.Digest.Require(bytes, $"the document {descriptor.Digest} of {Reference}");
        return Task.FromResult<ReadOnlyMemory<byte>>(bytes);
    }

    public async Task<Stream> OpenBlobAsync(Descriptor descriptor, IProgress<long>? bytesReceived, CancellationToken cancellation)
    {
        // Several layers are opened at once: each of those that come first makes the list, and none sees half of it.
        Dictionary<Digest, StorageLayer> layers = _layers ??= MatchLayers((await FetchManifestAsync(Platform.Current, cancellation).ConfigureAwait(false)).Manifest);
        StorageLayer layer = layers.GetValueOrDefault(descriptor.Digest) ?? throw new ImageNotFoundException($"{Reference} has no layer {descriptor.Digest}");
        return new CountingStream(_store.OpenLayer(layer), bytesReceived is null ? null : new Scaled(bytesReceived, descriptor.Size, layer.Size ?? 0));
    }

    public Task<IReadOnlyList<ImageSignature>> FetchSignaturesAsync(Digest manifest, Digest? index, CancellationToken cancellation)
    {
        (string key, int[] sizes) = FindSignatures(manifest);
        byte[] all = sizes.Length == 0 ? [] : _store.ReadDocument(_image, key, (long)ImageSignature.MaximumCount * ImageSignature.MaximumSize);
        var signatures = new List<ImageSignature>();
        int offset = 0;
        foreach (int size in sizes)
        {
            if (size < 0 || size > all.Length - offset)
            {
                throw new ManifestException($"{key} of {Reference} has {all.Length} bytes, fewer than the sizes of its signatures say");
            }

            signatures.Add(ImageSignature.Parse(all.AsMemory(offset, size), $"{key} of {Reference}, from byte {offset} on"));
            offset += size;
        }

        return Task.FromResult<IReadOnlyList<ImageSignature>>(signatures);
    }

    public ValueTask DisposeAsync()
    {
        Close();
        return ValueTask.CompletedTask;
    }

    private (string Key, int[] Sizes) FindSignatures(Digest manifest)
    {
        try
        {
            StorageSignatureSizes? sizes = string.IsNullOrEmpty(_image.Metadata) ? null : JsonSerializer.Deserialize(_image.Metadata, OciJson.Default.StorageSignatureSizes);
            return sizes?.ByDigest?.GetValueOrDefault(manifest.ToString()) is { } own ? ($"signature-{manifest.Hex}", own) : ("signatures", sizes?.Default ?? []);
        }
        catch (JsonException e)
        {
            throw new ManifestException($"the metadata of {Reference} are malformed: {e.Message}", e);
        }
    }

    private Dictionary<Digest, StorageLayer> MatchLayers(ImageManifest manifest)
    {
        IReadOnlyList<StorageLayer> layers = _store.LayersOf(_image);
        if (layers.Count != manifest.Layers.Length)
        {
            throw new ManifestException($"{Reference} has {layers.Count} layers in {_store.Path}, and its manifest names {manifest.Layers.Length}");
        }

        var matched = new Dictionary<Digest, StorageLayer>();
        for (int i = 0; i < layers.Count; i++)
        {
            matched[manifest.Layers[i].Digest] = layers[i];
        }

        return matched;
    }

    private void Close()
    {
        foreach (ContainersStorage store in _stores)
        {
            store.Dispose();
        }
    }

    // Progress is in bytes of the manifest's layers, which are compressed there.
    private sealed class Scaled(IProgress<long> progress, long size, long actual) : IProgress<long>
    {
        public void Report(long value) => progress.Report(actual <= 0 ? Math.Min(value, size) : (long)(Math.Min(1.0, (double)value / actual) * size));
    }
}
