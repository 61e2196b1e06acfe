// One image at one place.
using Bootc.Oci.Model;
using Bootc.Oci.Signatures;

namespace Bootc.Oci;

/// <summary>An image in the place that its reference names.</summary>
public interface IImageSource : IAsyncDisposable
{
    /// <summary>The reference by which it was opened.</summary>
    ImageReference Reference { get; }

    /// <summary>Whether blobs come as the manifest names them; if not, layers come in another form, which has their diff-ids when it is decompressed.</summary>
    bool HasOriginalBlobs => true;

    /// <summary>Fetches the manifest; of an index, that of the image for <paramref name="platform"/>.</summary>
    /// <exception cref="OciException">It cannot be had, or is malformed.</exception>
    Task<ResolvedManifest> FetchManifestAsync(Platform platform, CancellationToken cancellation);

    /// <summary>Fetches a blob that is wanted in memory.</summary>
    /// <param name="descriptor">Which one.</param>
    /// <param name="limit">How many bytes it may have at the most.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="OciException">It cannot be had, is too large or is not what its digest says.</exception>
    Task<ReadOnlyMemory<byte>> FetchSmallBlobAsync(Descriptor descriptor, long limit, CancellationToken cancellation);

    /// <summary>Opens a blob. Reading its end throws <see cref="DigestMismatchException"/> when it is not what its digest says.</summary>
    /// <param name="descriptor">Which one.</param>
    /// <param name="bytesReceived">Told how many bytes have come so far.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="OciException">It cannot be had.</exception>
    Task<Stream> OpenBlobAsync(Descriptor descriptor, IProgress<long>? bytesReceived, CancellationToken cancellation);

    /// <summary>Fetches the signatures of a manifest or index, none of which is verified.</summary>
    /// <param name="manifest">The digest of the manifest, or of the index.</param>
    /// <param name="index">The digest of the index that the manifest was chosen from, if there is one.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="OciException">They cannot be had, which is not to say that there are none.</exception>
    Task<IReadOnlyList<ImageSignature>> FetchSignaturesAsync(Digest manifest, Digest? index, CancellationToken cancellation);
}
