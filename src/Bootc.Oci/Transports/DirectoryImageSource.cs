// An image in a directory as skopeo's `dir:` has it: manifest.json, and blobs named by their hexadecimal digests.
using Bootc.Oci.Layers.Chunked;
using Bootc.Oci.Model;
using Bootc.Oci.Signatures;

namespace Bootc.Oci.Transports;

internal sealed class DirectoryImageSource(ImageReference reference) : IImageSource, IBlobRanges
{
    private readonly DirectoryLayout _layout = new(reference.Name);

    public ImageReference Reference { get; } = reference;

    public Task<ResolvedManifest> FetchManifestAsync(Platform platform, CancellationToken cancellation) => ManifestResolution.ResolveAsync(
        digest => Task.FromResult(digest is { } known
            ? (LayoutBlobs.ReadSmallBlob(_layout, $"{known.Hex}.manifest.json", known, ImageManifest.MaximumSize), (string?)null)
            : (LayoutBlobs.ReadSmall(_layout, "manifest.json", ImageManifest.MaximumSize), null)),
        platform,
        Reference.ToString());

    public Task<ReadOnlyMemory<byte>> FetchSmallBlobAsync(Descriptor descriptor, long limit, CancellationToken cancellation) =>
        Task.FromResult(LayoutBlobs.ReadSmallBlob(_layout, descriptor.Digest.Hex, descriptor.Digest, limit));

    public Task<Stream> OpenBlobAsync(Descriptor descriptor, IProgress<long>? bytesReceived, CancellationToken cancellation) =>
        Task.FromResult(LayoutBlobs.OpenBlob(_layout, descriptor.Digest.Hex, descriptor, bytesReceived));

    public Task<Stream> OpenBlobRangesAsync(Descriptor descriptor, IReadOnlyList<BlobRange> ranges, IProgress<long>? bytesReceived, CancellationToken cancellation) =>
        Task.FromResult(LayoutBlobs.OpenRanges(_layout, descriptor.Digest.Hex, descriptor, ranges, bytesReceived));

    public Task<IReadOnlyList<ImageSignature>> FetchSignaturesAsync(Digest manifest, Digest? index, CancellationToken cancellation)
    {
        string prefix = index is null ? "" : manifest.Hex + ".";
        var signatures = new List<ImageSignature>();
        while (_layout.Has($"{prefix}signature-{signatures.Count + 1}") && signatures.Count < ImageSignature.MaximumCount)
        {
            string name = $"{prefix}signature-{signatures.Count + 1}";
            signatures.Add(ImageSignature.Parse(LayoutBlobs.ReadSmall(_layout, name, ImageSignature.MaximumSize), Path.Combine(_layout.Path, name)));
        }

        return Task.FromResult<IReadOnlyList<ImageSignature>>(signatures);
    }

    public ValueTask DisposeAsync()
    {
        _layout.Dispose();
        return ValueTask.CompletedTask;
    }
}
