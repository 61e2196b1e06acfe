// An image that a container engine has: `docker-daemon:`.
using Bootc.Oci.Engine;
using Bootc.Oci.Model;
using Bootc.Oci.Signatures;

namespace Bootc.Oci.Transports;

/// <summary>
/// An image of a container engine, by its name or ID. Engines give an image whole, layers first and what says which they are
/// last: it goes to a file without a name, which is read as any docker-archive. Memory stays flat, however large the image.
/// </summary>
internal sealed class DockerDaemonSource(ImageReference reference, OciOptions options) : IImageSource
{
    private DockerArchiveSource? _archive;

    public ImageReference Reference { get; } = reference;

    public bool HasOriginalBlobs => false;

    public async Task<ResolvedManifest> FetchManifestAsync(Platform platform, CancellationToken cancellation)
    {
        _archive ??= await SaveAsync(cancellation).ConfigureAwait(false);
        return await _archive.FetchManifestAsync(platform, cancellation).ConfigureAwait(false);
    }

    public Task<ReadOnlyMemory<byte>> FetchSmallBlobAsync(Descriptor descriptor, long limit, CancellationToken cancellation) =>
        Archive.FetchSmallBlobAsync(descriptor, limit, cancellation);

    public Task<Stream> OpenBlobAsync(Descriptor descriptor, IProgress<long>? bytesReceived, CancellationToken cancellation) =>
        Archive.OpenBlobAsync(descriptor, bytesReceived, cancellation);

    // Engines keep none.
    public Task<IReadOnlyList<ImageSignature>> FetchSignaturesAsync(Digest manifest, Digest? index, CancellationToken cancellation) =>
        Task.FromResult<IReadOnlyList<ImageSignature>>([]);

    public ValueTask DisposeAsync() => _archive?.DisposeAsync() ?? ValueTask.CompletedTask;

    private DockerArchiveSource Archive => _archive ?? throw new InvalidOperationException("the manifest is fetched first");

    private async Task<DockerArchiveSource> SaveAsync(CancellationToken cancellation)
    {
        using ContainerEngine engine = ContainerEngine.Find(options);
        await engine.FindImageAsync(Reference.Name, cancellation).ConfigureAwait(false); // a name that is not known is told well only here
        using Stream saved = await engine.SaveAsync(Reference.Name, cancellation).ConfigureAwait(false);
        ArchiveLayout layout = await ArchiveLayout.CopyAsync(saved, Reference.ToString(), options.TemporaryDirectory, cancellation).ConfigureAwait(false);
        return new DockerArchiveSource(Reference, layout, tag: null);
    }
}
