// An image that was written into a layout.
namespace Bootc.Testing;

/// <summary>Where an image is and what it is made of, with digests as <c>sha256:...</c>.</summary>
public sealed record WrittenImage(string Layout, string Tag, string ManifestDigest, string ConfigDigest, string[] LayerDigests)
{
    /// <summary>The image as users name it: <c>oci:/path:tag</c>.</summary>
    public string Reference => $"oci:{Layout}:{Tag}";

    /// <summary>The file of a blob, for tests that damage it.</summary>
    public string BlobPath(string digest) => Path.Combine(Layout, "blobs", digest.Replace(':', '/'));
}
