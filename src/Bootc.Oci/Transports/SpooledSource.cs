// An image in a registry whose blobs are kept as they come.
using Bootc.Oci.Model;
using Bootc.Oci.Signatures;

namespace Bootc.Oci.Transports;

/// <summary>Takes blobs from a spool where they are there, and puts them into it where they are not.</summary>
internal sealed class SpooledSource(IImageSource source, BlobSpool spool) : IImageSource
{
    public ImageReference Reference => source.Reference;

    public bool HasOriginalBlobs => source.HasOriginalBlobs;

    public Task<ResolvedManifest> FetchManifestAsync(Platform platform, CancellationToken cancellation) => source.FetchManifestAsync(platform, cancellation);

    public Task<ReadOnlyMemory<byte>> FetchSmallBlobAsync(Descriptor descriptor, long limit, CancellationToken cancellation) => source.FetchSmallBlobAsync(descriptor, limit, cancellation);

    public async Task<Stream> OpenBlobAsync(Descriptor descriptor, IProgress<long>? bytesReceived, CancellationToken cancellation) =>
        spool.TryOpen(descriptor, bytesReceived) ?? spool.Keep(descriptor, await source.OpenBlobAsync(descriptor, bytesReceived, cancellation).ConfigureAwait(false));

    public Task<IReadOnlyList<ImageSignature>> FetchSignaturesAsync(Digest manifest, Digest? index, CancellationToken cancellation) => source.FetchSignaturesAsync(manifest, index, cancellation);

    public ValueTask DisposeAsync() => source.DisposeAsync();
}
