// An image in a tar file made by `docker save` or skopeo: `docker-archive:`.
using System.Text.Json;
using Bootc.Oci.Model;
using Bootc.Oci.Signatures;

namespace Bootc.Oci.Transports;

/// <summary>
/// An image in a docker-archive. It has no manifest; one is made of its configuration and its layers, which are named by
/// their diff-ids, as containers/image does.
/// </summary>
internal sealed class DockerArchiveSource(ImageReference reference, IImageLayout layout, string? tag) : IImageSource
{
    private readonly Dictionary<Digest, string> _layers = [];
    private string _configName = "";

    public ImageReference Reference { get; } = reference;

    public bool HasOriginalBlobs => false;

    public Task<ResolvedManifest> FetchManifestAsync(Platform platform, CancellationToken cancellation)
    {
        DockerArchiveEntry entry = Choose(ReadEntries());
        _configName = entry.Config;
        byte[] configBytes = LayoutBlobs.ReadSmall(layout, _configName, ImageConfig.MaximumSize);
        ImageConfig config = ImageConfig.Parse(configBytes, Reference.ToString());
        if (config.RootFs.DiffIds.Length != entry.Layers.Length)
        {
            throw new ManifestException($"{layout.Path} has {entry.Layers.Length} layers, and its configuration names {config.RootFs.DiffIds.Length}");
        }

        var layers = new Descriptor[entry.Layers.Length];
        for (int i = 0; i < layers.Length; i++)
        {
            (Stream content, long size) = layout.TryOpen(entry.Layers[i]) ?? throw new ImageNotFoundException($"{layout.Path} has no layer '{entry.Layers[i]}'");
            content.Dispose();
            _layers[config.RootFs.DiffIds[i]] = entry.Layers[i];
            layers[i] = new Descriptor { MediaType = MediaTypes.DockerLayer, Digest = config.RootFs.DiffIds[i], Size = size };
        }

        var manifest = new ImageManifest
        {
            MediaType = MediaTypes.DockerManifest,
            Config = new Descriptor { MediaType = MediaTypes.DockerConfig, Digest = Digest.Compute(configBytes), Size = configBytes.Length },
            Layers = layers,
        };
        byte[] bytes = JsonSerializer.SerializeToUtf8Bytes(manifest, OciJson.Default.ImageManifest);
        return Task.FromResult(new ResolvedManifest(bytes, Digest.Compute(bytes), manifest, null));
    }

    public Task<ReadOnlyMemory<byte>> FetchSmallBlobAsync(Descriptor descriptor, long limit, CancellationToken cancellation) =>
        Task.FromResult(LayoutBlobs.ReadSmallBlob(layout, _configName, descriptor.Digest, limit));

    // Layers that are compressed in the archive have another digest than their diff-id, which is checked further on.
    public Task<Stream> OpenBlobAsync(Descriptor descriptor, IProgress<long>? bytesReceived, CancellationToken cancellation)
    {
        string name = _layers.GetValueOrDefault(descriptor.Digest) ?? throw new ImageNotFoundException($"{layout.Path} has no layer {descriptor.Digest}");
        (Stream content, _) = layout.TryOpen(name) ?? throw new ImageNotFoundException($"{layout.Path} has no layer '{name}'");
        return Task.FromResult<Stream>(new CountingStream(content, bytesReceived));
    }

    // The format has no place for them.
    public Task<IReadOnlyList<ImageSignature>> FetchSignaturesAsync(Digest manifest, Digest? index, CancellationToken cancellation) =>
        Task.FromResult<IReadOnlyList<ImageSignature>>([]);

    public ValueTask DisposeAsync()
    {
        layout.Dispose();
        return ValueTask.CompletedTask;
    }

    private DockerArchiveEntry[] ReadEntries()
    {
        try
        {
            return JsonSerializer.Deserialize(LayoutBlobs.ReadSmall(layout, "manifest.json", ImageManifest.MaximumSize), OciJson.Default.DockerArchiveEntryArray) ?? [];
        }
        catch (JsonException e)
        {
            throw new ManifestException($"the manifest.json in {layout.Path} is malformed: {e.Message}", e);
        }
    }

    private DockerArchiveEntry Choose(DockerArchiveEntry[] entries)
    {
        if (tag is null)
        {
            return entries is [var only] ? only : throw new ImageNotFoundException($"{layout.Path} has {entries.Length} images; name one: {Names(entries)}");
        }

        string wanted = Canonical(tag);
        return Array.Find(entries, entry => (entry.RepoTags ?? []).Any(name => Canonical(name) == wanted))
            ?? throw new ImageNotFoundException($"{layout.Path} has no image '{tag}', only {Names(entries)}");
    }

    private static string Canonical(string name)
    {
        try
        {
            RegistryReference parsed = RegistryReference.Parse(name);
            return (parsed.Tag is null && parsed.Digest is null ? parsed with { Tag = "latest" } : parsed).ToString();
        }
        catch (FormatException)
        {
            return name;
        }
    }

    private static string Names(DockerArchiveEntry[] entries) => string.Join(", ", entries.SelectMany(entry => entry.RepoTags ?? []).DefaultIfEmpty("none with a name"));
}
