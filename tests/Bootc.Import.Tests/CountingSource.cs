// An image source that tells which layers were asked for.
using Bootc.Oci;
using Bootc.Oci.Model;
using Bootc.Oci.Signatures;

namespace Bootc.Import.Tests;

internal sealed class CountingSource(IImageSource source, List<string>? fetched) : IImageSource
{
    public ImageReference Reference => source.Reference;

    public Task<ResolvedManifest> FetchManifestAsync(Platform platform, CancellationToken cancellation) => source.FetchManifestAsync(platform, cancellation);

    public Task<ReadOnlyMemory<byte>> FetchSmallBlobAsync(Descriptor descriptor, long limit, CancellationToken cancellation) =>
        source.FetchSmallBlobAsync(descriptor, limit, cancellation);

    public Task<Stream> OpenBlobAsync(Descriptor descriptor, IProgress<long>? bytesReceived, CancellationToken cancellation)
    {
        lock (source)
        {
            fetched?.Add(descriptor.Digest.ToString());
        }

        return source.OpenBlobAsync(descriptor, bytesReceived, cancellation);
    }

    public Task<IReadOnlyList<ImageSignature>> FetchSignaturesAsync(Digest manifest, Digest? index, CancellationToken cancellation) =>
        source.FetchSignaturesAsync(manifest, index, cancellation);

    public ValueTask DisposeAsync() => source.DisposeAsync();
}
