// An image in an OCI image layout: `oci:` and `oci-archive:`.
using Bootc.Oci.Layers.Chunked;
using Bootc.Oci.Model;
using Bootc.Oci.Signatures;

namespace Bootc.Oci.Transports;

/// <summary>An image in an OCI image layout (image-spec, image-layout.md), chosen by tag or digest, or the only one there.</summary>
internal sealed class OciLayoutSource(ImageReference reference, IImageLayout layout, string? tag) : IImageSource, IBlobRanges
{
    private const string RefNameAnnotation = "org.opencontainers.image.ref.name";
    private const string KindAnnotation = "kind";
    private const string CosignSignatures = "dev.cosignproject.cosign/sigs";

    public ImageReference Reference { get; } = reference;

    public Task<ResolvedManifest> FetchManifestAsync(Platform platform, CancellationToken cancellation) =>
        ManifestResolution.ResolveAsync(digest => Task.FromResult(Fetch(digest)), platform, Reference.ToString());

    public Task<ReadOnlyMemory<byte>> FetchSmallBlobAsync(Descriptor descriptor, long limit, CancellationToken cancellation) =>
        Task.FromResult(LayoutBlobs.ReadSmallBlob(layout, PathOf(descriptor.Digest), descriptor.Digest, limit));

    public Task<Stream> OpenBlobAsync(Descriptor descriptor, IProgress<long>? bytesReceived, CancellationToken cancellation) =>
        Task.FromResult(LayoutBlobs.OpenBlob(layout, PathOf(descriptor.Digest), descriptor, bytesReceived));

    public Task<Stream> OpenBlobRangesAsync(Descriptor descriptor, IReadOnlyList<BlobRange> ranges, IProgress<long>? bytesReceived, CancellationToken cancellation) =>
        Task.FromResult(LayoutBlobs.OpenRanges(layout, PathOf(descriptor.Digest), descriptor, ranges, bytesReceived));

    // Beside the image, under the tag that they would have in a registry, or as 'cosign save' marks them.
    public async Task<IReadOnlyList<ImageSignature>> FetchSignaturesAsync(Digest manifest, Digest? index, CancellationToken cancellation)
    {
        var signatures = new List<ImageSignature>();
        foreach (Descriptor entry in ReadIndex().Manifests.Where(entry => IsSignatureOf(entry, manifest)))
        {
            string origin = $"{layout.Path}@{entry.Digest}";
            byte[] bytes = LayoutBlobs.ReadSmallBlob(layout, PathOf(entry.Digest), entry.Digest, ImageManifest.MaximumSize).ToArray();
            signatures.AddRange(await SigstoreAttachments.FetchAsync(ImageManifest.Parse(bytes, origin), origin, FetchSmallBlobAsync, cancellation).ConfigureAwait(false));
        }

        return signatures;
    }

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

        Descriptor chosen = Choose(ReadIndex());
        return (LayoutBlobs.ReadSmallBlob(layout, PathOf(chosen.Digest), chosen.Digest, ImageManifest.MaximumSize), chosen.MediaType);
    }

    private ImageIndex ReadIndex() => ImageIndex.Parse(LayoutBlobs.ReadSmall(layout, "index.json", ImageManifest.MaximumSize), Reference.ToString());

    private static bool IsSignatureOf(Descriptor entry, Digest manifest)
    {
        string name = entry.Annotations?.GetValueOrDefault(RefNameAnnotation) ?? "";
        string tag = SigstoreAttachments.TagOf(manifest);
        return name == tag || name.EndsWith(":" + tag, StringComparison.Ordinal) || entry.Annotations?.GetValueOrDefault(KindAnnotation) == CosignSignatures;
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
