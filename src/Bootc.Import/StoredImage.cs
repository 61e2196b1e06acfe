// An image in a repository.
using System.Globalization;
using Bootc.Oci.Model;
using Bootc.Ostree.Objects;

namespace Bootc.Import;

/// <summary>An image that a repository has.</summary>
/// <param name="MergeCommit">The commit of all its layers together.</param>
/// <param name="ManifestDigest">The digest of its manifest.</param>
/// <param name="Manifest">Its manifest.</param>
/// <param name="Config">Its configuration.</param>
/// <param name="CachedUpdate">A newer image that was seen under its reference, if any.</param>
public sealed record StoredImage(
    Checksum MergeCommit, Digest ManifestDigest, ImageManifest Manifest, ImageConfig Config, CachedUpdate? CachedUpdate)
{
    internal const string VersionLabel = "org.opencontainers.image.version";
    internal const string OldVersionLabel = "version";
    internal const string CreatedAnnotation = "org.opencontainers.image.created";

    /// <summary>The version that an image's labels give it.</summary>
    public string? Version => VersionOf(Config);

    /// <summary>When the image was made.</summary>
    public DateTimeOffset? Timestamp => TimestampOf(Manifest, Config);

    /// <summary>The version in a configuration's labels, if any.</summary>
    public static string? VersionOf(ImageConfig config) =>
        config.Labels.GetValueOrDefault(VersionLabel) ?? config.Labels.GetValueOrDefault(OldVersionLabel);

    /// <summary>When an image was made, by its manifest's annotation or else its configuration.</summary>
    public static DateTimeOffset? TimestampOf(ImageManifest manifest, ImageConfig config) =>
        ParseTime(manifest.Annotations?.GetValueOrDefault(CreatedAnnotation) ?? config.Created);

    internal static DateTimeOffset? ParseTime(string? text) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset time) ? time : null;
}
