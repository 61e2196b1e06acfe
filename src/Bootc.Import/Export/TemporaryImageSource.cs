// An image in a directory that goes with it.
using Bootc.Oci;
using Bootc.Oci.Model;
using Bootc.Oci.Signatures;

namespace Bootc.Import.Export;

/// <summary>An image that was written to a layout only to be read from there once.</summary>
/// <param name="reference">The name of what it was made of, for messages.</param>
/// <param name="layout">The image, disposed with this one.</param>
/// <param name="directory">The layout's directory, removed when this is disposed.</param>
internal sealed class TemporaryImageSource(ImageReference reference, IImageSource layout, string directory) : IImageSource
{
    public ImageReference Reference { get; } = reference;

    public Task<ResolvedManifest> FetchManifestAsync(Platform platform, CancellationToken cancellation) => layout.FetchManifestAsync(platform, cancellation);

    public Task<ReadOnlyMemory<byte>> FetchSmallBlobAsync(Descriptor descriptor, long limit, CancellationToken cancellation) =>
        layout.FetchSmallBlobAsync(descriptor, limit, cancellation);

    public Task<Stream> OpenBlobAsync(Descriptor descriptor, IProgress<long>? bytesReceived, CancellationToken cancellation) =>
        layout.OpenBlobAsync(descriptor, bytesReceived, cancellation);

    public Task<IReadOnlyList<ImageSignature>> FetchSignaturesAsync(Digest manifest, Digest? index, CancellationToken cancellation) =>
        layout.FetchSignaturesAsync(manifest, index, cancellation);

    public async ValueTask DisposeAsync()
    {
        await layout.DisposeAsync().ConfigureAwait(false);
        Directory.Delete(directory, recursive: true);
    }
}
