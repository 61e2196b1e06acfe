// A layer of an image, and whether the repository has it.
using Bootc.Oci.Model;
using Bootc.Ostree.Objects;

namespace Bootc.Import;

/// <summary>A layer of an image that is to be imported.</summary>
/// <param name="Layer">The layer's blob.</param>
/// <param name="DiffId">The digest of the layer uncompressed.</param>
/// <param name="Ref">The ref of its commit.</param>
/// <param name="Commit">Its commit, when the repository has it already.</param>
public sealed record LayerState(Descriptor Layer, Digest DiffId, string Ref, Checksum? Commit);
