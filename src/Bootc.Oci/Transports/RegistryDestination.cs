// Writes an image to a registry: `docker://`.
using Bootc.Oci.Model;
using Bootc.Oci.Registry;

namespace Bootc.Oci.Transports;

/// <summary>
/// An image in a registry. A blob is made into a file without a name first: then it is known whether the registry has it, so that
/// it is not sent, and a connection that breaks does not cost making it once more.
/// </summary>
internal sealed class RegistryDestination(ImageReference reference, RegistryClient client) : IImageDestination
{
    private readonly RegistryReference _target = RegistryReference.Parse(reference.Name);

    public ImageReference Reference { get; } = reference;

    public async Task<Descriptor> WriteBlobAsync(string mediaType, Func<Stream, CancellationToken, Task> write, CancellationToken cancellation)
    {
        using MadeBlob blob = await MadeBlob.MakeAsync(client.Options.TemporaryDirectory, mediaType, write, cancellation).ConfigureAwait(false);
        await client.UploadBlobAsync(_target, blob, null, cancellation).ConfigureAwait(false);
        return blob.Descriptor;
    }

    public Task<Digest> WriteManifestAsync(ReadOnlyMemory<byte> manifest, string mediaType, CancellationToken cancellation) =>
        client.PutManifestAsync(_target, manifest, mediaType, cancellation);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
