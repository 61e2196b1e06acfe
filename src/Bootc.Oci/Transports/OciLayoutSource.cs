// An image in an OCI image layout: `oci:` and `oci-archive:`.
using Bootc.Oci.Model;

namespace Bootc.Oci.Transports;

/// <summary>An image in an OCI image layout (image-spec, image-layout.md), chosen by tag or digest, or the only one there.</summary>
internal sealed class OciLayoutSource(ImageReference reference, IImageLayout layout, string? tag) : IImageSource
{
    private const string RefNameAnnotation = "org.opencontainers.image.ref.name";

    public ImageReference Reference { get; } = reference;

    public Task<ResolvedManifest> FetchManifestAsync(Platform platform, CancellationToken cancellation) =>
        ManifestResolution.ResolveAsync(digest => Task.FromResult(Fetch(digest)), platform, Reference.ToString());

    public Task<ReadOnlyMemory<byte>> FetchSmallBlobAsync(Descriptor descriptor, long limit, CancellationToken cancellation) =>
        Task.FromResult(LayoutBlobs.ReadSmallBlob(layout, PathOf(descriptor.Digest), descriptor.Digest, limit));

    public Task<Stream> OpenBlobAsync(Descriptor descriptor, IProgress<long>? bytesReceived, CancellationToken cancellation) =>
        Task.FromResult(LayoutBlobs.OpenBlob(layout, PathOf(descriptor.Digest), descriptor, bytesReceived));

    public ValueTask DisposeAsync()
    {
        layout.Dispose();
        return ValueTask.CompletedTask;
    }

    private static string PathOf(Digest digest) => $"blobs/{digest.Algorithm}/{digest.Hex}";

    private (ReadOnlyMemory<byte> Bytes, string? MediaType) Fetch(Digest? digest)
    {
        if (digest is { } known)
        {
            return (LayoutBlobs.ReadSmallBlob(layout, PathOf(known), known, ImageManifest.MaximumSize), null);
        }

        Descriptor chosen = Choose(ImageIndex.Parse(LayoutBlobs.ReadSmall(layout, "index.json", ImageManifest.MaximumSize), Reference.ToString()));
        return (LayoutBlobs.ReadSmallBlob(layout, PathOf(chosen.Digest), chosen.Digest, ImageManifest.MaximumSize), chosen.MediaType);
    }

    private Descriptor Choose(ImageIndex index)
    {
        if (tag is null)
        {
            return index.Manifests is [var only]
                ? only
                : throw new ImageNotFoundException($"{layout.Path} has {index.Manifests.Length} images; name one by its tag: {Tags(index)}");
        }

        return Array.Find(index.Manifests, manifest => manifest.Annotations?.GetValueOrDefault(RefNameAnnotation) == tag)
            ?? Array.Find(index.Manifests, manifest => "@" + manifest.Digest == tag || manifest.Digest.ToString() == tag)
            ?? throw new ImageNotFoundException($"{layout.Path} has no image '{tag}', only {Tags(index)}");
    }

    private static string Tags(ImageIndex index) =>
        string.Join(", ", index.Manifests.Select(manifest => manifest.Annotations?.GetValueOrDefault(RefNameAnnotation) ?? manifest.Digest.ToString()).DefaultIfEmpty("none"));
}
