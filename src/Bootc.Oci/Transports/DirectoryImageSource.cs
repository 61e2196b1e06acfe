// An image in a directory as skopeo's `dir:` has it: manifest.json, and blobs named by their hexadecimal digests.
using Bootc.Oci.Model;

namespace Bootc.Oci.Transports;

internal sealed class DirectoryImageSource(ImageReference reference) : IImageSource
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

    public ValueTask DisposeAsync()
    {
        _layout.Dispose();
        return ValueTask.CompletedTask;
    }
}
