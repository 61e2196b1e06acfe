// An image of the host's own store, for whoever takes images.
using System.Text.Json.Nodes;
using Bootc.Oci;
using Bootc.Oci.Layers;
using Bootc.Oci.Model;
using Bootc.Oci.Signatures;
using Bootc.Ostree;
using Bootc.Ostree.Objects;

namespace Bootc.Import.Export;

/// <summary>
/// An image whose layers are made anew of the commits that they became: they have the same files, but are not the same bytes, since
/// commits keep neither times nor the order of a tar stream. So manifest and configuration name other digests; all else that the
/// configuration says stays. Layers are not compressed, and nothing is stored on the way: a layer is read once to know its digest,
/// and once more when it is wanted.
/// </summary>
internal sealed class StoredImageSource : IImageSource
{
    private const int BufferSize = 128 * 1024;

    private readonly Repository _repository;
    private readonly StoredImage _image;
    private readonly Checksum[] _commits;
    private readonly Dictionary<Digest, Checksum> _layers = [];
    private byte[] _config = [];
    private ResolvedManifest? _manifest;

    private StoredImageSource(Repository repository, StoredImage image, ImageReference reference, Checksum[] commits)
    {
        _repository = repository;
        _image = image;
        _commits = commits;
        Reference = reference;
    }

    public ImageReference Reference { get; }

    /// <summary>Opens an image of a repository.</summary>
    /// <param name="repository">The repository.</param>
    /// <param name="image">The image.</param>
    /// <param name="reference">Its name, for messages.</param>
    /// <returns>The image; <see langword="null"/> when a layer is not there, or holds a part of an ostree commit.</returns>
    /// <exception cref="ImportException">Its metadata do not fit each other.</exception>
    public static StoredImageSource? TryOpen(Repository repository, StoredImage image, ImageReference reference)
    {
        string what = reference.ToString();
        if (image.Config.RootFs.DiffIds.Length != image.Manifest.Layers.Length)
        {
            throw new ImportException($"{what} has {image.Manifest.Layers.Length} layers, and its configuration names {image.Config.RootFs.DiffIds.Length}");
        }

        OstreeLayout layout = OstreeLayout.Read(image.Manifest, image.Config, what);
        Checksum?[] commits = [.. image.Manifest.Layers.Select(layer => repository.TryResolveRef(ImageStore.RefOf(layer.Digest)))];
        bool areLayers = layout.Kinds.All(kind => kind == LayerKind.Files) && commits.All(commit => commit is { } known && layout.Fits(repository, known, LayerKind.Files));
        return areLayers ? new StoredImageSource(repository, image, reference, [.. commits.Select(commit => commit!.Value)]) : null;
    }

    public async Task<ResolvedManifest> FetchManifestAsync(Platform platform, CancellationToken cancellation) =>
        _manifest ??= await MakeManifestAsync(cancellation).ConfigureAwait(false);

    public Task<ReadOnlyMemory<byte>> FetchSmallBlobAsync(Descriptor descriptor, long limit, CancellationToken cancellation)
    {
        descriptor.Digest.Require(_config, $"the configuration of {Reference}");
        return Task.FromResult<ReadOnlyMemory<byte>>(_config);
    }

    public Task<Stream> OpenBlobAsync(Descriptor descriptor, IProgress<long>? bytesReceived, CancellationToken cancellation)
    {
        if (!_layers.TryGetValue(descriptor.Digest, out Checksum commit))
        {
            descriptor.Digest.Require(_config, $"the configuration of {Reference}");
            return Task.FromResult(LayerStream.Count(new MemoryStream(_config, writable: false), bytesReceived));
        }

        return Task.FromResult(LayerStream.Count(LayerStream.Produce((output, stop) => WriteLayer(commit, output, stop), cancellation), bytesReceived));
    }

    // What was signed is the image as it was fetched.
    public Task<IReadOnlyList<ImageSignature>> FetchSignaturesAsync(Digest manifest, Digest? index, CancellationToken cancellation) =>
        Task.FromResult<IReadOnlyList<ImageSignature>>([]);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private async Task<ResolvedManifest> MakeManifestAsync(CancellationToken cancellation)
    {
        var layers = new Descriptor[_commits.Length];
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount, CancellationToken = cancellation };
        await Parallel.ForAsync(0, layers.Length, parallel, (i, stop) =>
        {
            using var measure = new HashingStream(Stream.Null);
            WriteLayer(_commits[i], measure, stop);
            layers[i] = new Descriptor { MediaType = MediaTypes.OciLayer, Digest = measure.GetDigest(), Size = measure.Length };
            return ValueTask.CompletedTask;
        }).ConfigureAwait(false);
        for (int i = 0; i < layers.Length; i++)
        {
            _layers[layers[i].Digest] = _commits[i];
        }

        _config = MakeConfig(layers);
        var manifest = new JsonObject
        {
            ["schemaVersion"] = 2,
            ["mediaType"] = MediaTypes.OciManifest,
            ["config"] = ToJson(new Descriptor { MediaType = MediaTypes.OciConfig, Digest = Digest.Compute(_config), Size = _config.Length }),
            ["layers"] = new JsonArray([.. layers.Select(layer => (JsonNode?)ToJson(layer))]),
        };
        if (_image.Manifest.Annotations is { Count: > 0 } annotations)
        {
            manifest["annotations"] = new JsonObject(annotations.Select(annotation => KeyValuePair.Create(annotation.Key, (JsonNode?)JsonValue.Create(annotation.Value))));
        }

        byte[] bytes = CanonicalJson.Serialize(manifest);
        return new ResolvedManifest(bytes, Digest.Compute(bytes), ImageManifest.Parse(bytes, Reference.ToString()), null);
    }

    private byte[] MakeConfig(Descriptor[] layers)
    {
        string text = _repository.LoadCommit(_image.MergeCommit).Metadata.TryGetString(ImageStore.ConfigKey)!;
        var config = (JsonObject)JsonNode.Parse(text)!;
        config["rootfs"] = new JsonObject { ["type"] = "layers", ["diff_ids"] = new JsonArray([.. layers.Select(layer => (JsonNode?)JsonValue.Create(layer.Digest.ToString()))]) };
        return CanonicalJson.Serialize(config);
    }

    private void WriteLayer(Checksum commit, Stream output, CancellationToken cancellation)
    {
        var buffered = new BufferedStream(output, BufferSize); // not disposed, since the output is not ours
        using (var writer = new LayerCommitWriter(_repository, buffered, cancellation))
        {
            writer.Write(commit);
        }

        buffered.Flush();
    }

    private static JsonObject ToJson(Descriptor descriptor) =>
        new() { ["mediaType"] = descriptor.MediaType, ["digest"] = descriptor.Digest.ToString(), ["size"] = descriptor.Size };
}
