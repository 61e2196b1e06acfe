// A place that gives parts of blobs.
using Bootc.Oci.Model;

namespace Bootc.Oci.Layers.Chunked;

/// <summary>What image sources can do from which parts of a blob can be had.</summary>
public interface IBlobRanges
{
    /// <summary>Opens ranges of a blob as one stream, one after the other. None of it is checked: who reads knows by what.</summary>
    /// <param name="descriptor">The blob.</param>
    /// <param name="ranges">Which ranges, in order and without overlap.</param>
    /// <param name="bytesReceived">Told how many bytes have come so far.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="RangesNotSupportedException">The place gives blobs only whole (also thrown by reading).</exception>
    /// <exception cref="OciException">The blob cannot be had.</exception>
    Task<Stream> OpenBlobRangesAsync(Descriptor descriptor, IReadOnlyList<BlobRange> ranges, IProgress<long>? bytesReceived, CancellationToken cancellation);
}
