// An update that was seen but not fetched.
using Bootc.Oci.Model;

namespace Bootc.Import;

/// <summary>Manifest and configuration of a newer image, remembered with the image that the repository has.</summary>
/// <param name="ManifestDigest">The digest of the manifest.</param>
/// <param name="Manifest">The manifest.</param>
/// <param name="Config">The configuration.</param>
public sealed record CachedUpdate(Digest ManifestDigest, ImageManifest Manifest, ImageConfig Config)
{
    /// <summary>The version that the image's labels give it.</summary>
    public string? Version => StoredImage.VersionOf(Config);
}
