// An image in a registry.
using Bootc.Oci.Layers;
using Bootc.Oci.Layers.Chunked;
using Bootc.Oci.Model;
using Bootc.Oci.Registry;
using Bootc.Oci.Signatures;

namespace Bootc.Oci.Transports;

internal sealed class RegistryImageSource(ImageReference reference, RegistryClient client) : IImageSource, IBlobRanges
{
    private readonly RegistryReference _image = ParseName(reference);

    public ImageReference Reference { get; } = reference;

    public Task<ResolvedManifest> FetchManifestAsync(Platform platform, CancellationToken cancellation) => ManifestResolution.ResolveAsync(
        digest => client.GetManifestAsync(digest is null ? _image : _image with { Digest = digest }, cancellation), platform, _image.ToString());

    public Task<ReadOnlyMemory<byte>> FetchSmallBlobAsync(Descriptor descriptor, long limit, CancellationToken cancellation) =>
        client.GetBlobAsync(_image, descriptor, limit, cancellation);

    public async Task<Stream> OpenBlobAsync(Descriptor descriptor, IProgress<long>? bytesReceived, CancellationToken cancellation)
    {
        PartialBlob? kept = client.Options.PartialBlobs is { } directory ? PartialBlob.TryOpen(directory, descriptor) : null;
        var blob = new BlobStream(client, _image, descriptor, kept?.Length ?? 0, bytesReceived);
        try
        {
            await blob.OpenAsync(cancellation).ConfigureAwait(false);
        }
        catch
        {
            kept?.Dispose();
            throw;
        }

        Stream content = kept is null ? blob : new KeptBlobStream(kept, blob, descriptor.Size, client.Options.KeepPartialAfter);
        return new DigestStream(content, descriptor.Digest, descriptor.Size, (expected, actual) =>
        {
            string what = $"blob {expected} of {_image}{(kept is { WasThere: true } ? ", together with what a run before kept of it," : "")}";
            kept?.Discard(); // what is not what it should be is no help to the next run
            return new DigestMismatchException(what, expected, actual);
        });
    }

    public async Task<Stream> OpenBlobRangesAsync(Descriptor descriptor, IReadOnlyList<BlobRange> ranges, IProgress<long>? bytesReceived, CancellationToken cancellation)
    {
        var stream = new RangeStream(client, _image, descriptor, ranges, bytesReceived);
        await stream.OpenAsync(cancellation).ConfigureAwait(false);
        return new PipelinedStream(stream, cancellation);
    }

    public Task<IReadOnlyList<ImageSignature>> FetchSignaturesAsync(Digest manifest, Digest? index, CancellationToken cancellation) =>
        client.GetSignaturesAsync(_image, manifest, cancellation);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static RegistryReference ParseName(ImageReference reference)
    {
        try
        {
            return RegistryReference.Parse(reference.Name);
        }
        catch (FormatException e)
        {
            throw new OciException(e.Message, e);
        }
    }
}
