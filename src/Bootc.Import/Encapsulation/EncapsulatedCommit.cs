// What became of a commit.
using Bootc.Oci.Model;

namespace Bootc.Import.Encapsulation;

/// <summary>An image that a commit was written to.</summary>
/// <param name="ManifestDigest">The digest of its manifest.</param>
/// <param name="Layers">Its layers, lowest first; the first one has the commit.</param>
public sealed record EncapsulatedCommit(Digest ManifestDigest, IReadOnlyList<EncapsulatedLayer> Layers);
