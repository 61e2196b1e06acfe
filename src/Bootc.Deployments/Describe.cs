// Short descriptions of images for messages.
using Bootc.Import;

namespace Bootc.Deployments;

internal static class Describe
{
    /// <summary>Version and digest, as they follow the name of an image.</summary>
    public static string Image(StoredImage image) => $"{(image.Version is { } version ? $"\n  Version: {version}" : "")}\n  Digest: {image.ManifestDigest}";
}
