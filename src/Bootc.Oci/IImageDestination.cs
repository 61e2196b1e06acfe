// A place that an image is written to.
using Bootc.Oci.Model;

namespace Bootc.Oci;

/// <summary>Takes an image: its blobs in any order, several at once, and then its manifest.</summary>
public interface IImageDestination : IAsyncDisposable
{
    /// <summary>The reference by which it was opened.</summary>
    ImageReference Reference { get; }

    /// <summary>Writes a blob that is made while it is written; one that is there already is not written again.</summary>
    /// <param name="mediaType">Its media type, for the descriptor.</param>
    /// <param name="write">Writes its content. It may be called more than once, and must write the same each time.</param>
    /// <param name="cancellation">Ends the writing.</param>
    /// <returns>The blob's descriptor.</returns>
    /// <exception cref="OciException">The place does not take it.</exception>
    Task<Descriptor> WriteBlobAsync(string mediaType, Func<Stream, CancellationToken, Task> write, CancellationToken cancellation);

    /// <summary>Writes the manifest: from then on, and not before, the reference stands for the image.</summary>
    /// <exception cref="OciException">The place does not take it.</exception>
    Task<Digest> WriteManifestAsync(ReadOnlyMemory<byte> manifest, string mediaType, CancellationToken cancellation);
}
