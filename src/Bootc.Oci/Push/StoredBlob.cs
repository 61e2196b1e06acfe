// A blob of an image as it lies where the image is.
using Bootc.Oci.Model;

namespace Bootc.Oci;

/// <summary>A blob that is pushed as it is.</summary>
internal sealed class StoredBlob(IImageSource source, Descriptor descriptor, IPushProgress? progress) : IBlobContent
{
    public string Name => $"blob {descriptor.Digest}";

    public Descriptor? Descriptor => descriptor;

    public Task<Stream> OpenAsync(CancellationToken cancellation) => source.OpenBlobAsync(descriptor, progress is null ? null : new BlobBytes(descriptor, progress), cancellation);
}
