// A signature in a Sigstore bundle.
namespace Bootc.Oci.Signatures;

/// <summary>A Sigstore bundle that refers to an image (sigstore/cosign, specs/BUNDLE_SPEC.md).</summary>
/// <param name="Origin">Where it was found.</param>
/// <param name="Bundle">The bundle's JSON.</param>
public sealed record BundleSignature(string Origin, ReadOnlyMemory<byte> Bundle) : ImageSignature(Origin)
{
    /// <summary>Whether a media type is that of bundles, of any version.</summary>
    public static bool IsBundle(string mediaType) => mediaType.StartsWith("application/vnd.dev.sigstore.bundle", StringComparison.Ordinal);
}
