// A layer that was written.
using Bootc.Oci.Model;

namespace Bootc.Oci.Layers.Chunked;

/// <summary>A layer's blob, and what its tar stream is.</summary>
/// <param name="Descriptor">The blob, with the annotations of its table of contents.</param>
/// <param name="DiffId">The digest of the tar stream.</param>
public sealed record WrittenLayer(Descriptor Descriptor, Digest DiffId);
