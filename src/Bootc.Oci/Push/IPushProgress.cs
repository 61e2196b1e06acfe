// What a push tells while it runs.
using Bootc.Oci.Model;

namespace Bootc.Oci;

/// <summary>Told about the progress of a push; several threads may call at once.</summary>
public interface IPushProgress
{
    /// <summary>The push starts: these blobs have to be brought, and these are there.</summary>
    void Start(IReadOnlyList<Descriptor> toPush, IReadOnlyList<Descriptor> present);

    /// <summary>So many bytes of a blob have been sent, as the blob is where it comes from.</summary>
    void BlobProgress(Descriptor blob, long bytes);

    /// <summary>A blob is where it shall be.</summary>
    void BlobDone(Descriptor blob, BlobPlacement placement);
}
