// A manifest as it was fetched.
using Bootc.Oci.Model;

namespace Bootc.Oci;

/// <summary>The manifest of one image, with the bytes that its digest is of.</summary>
/// <param name="Bytes">The manifest's bytes.</param>
/// <param name="Digest">Their digest.</param>
/// <param name="Manifest">What they say.</param>
/// <param name="IndexDigest">The digest of the index from which the image was chosen, if there is one.</param>
public sealed record ResolvedManifest(ReadOnlyMemory<byte> Bytes, Digest Digest, ImageManifest Manifest, Digest? IndexDigest)
{
    /// <summary>The index's bytes, if there is one.</summary>
    public ReadOnlyMemory<byte> IndexBytes { get; init; }
}
