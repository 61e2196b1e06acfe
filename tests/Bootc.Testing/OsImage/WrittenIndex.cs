// An index of images that was written into a layout.
namespace Bootc.Testing;

/// <summary>Where an index is, and the digests (<c>sha256:...</c>) of its own and of its images by their architectures.</summary>
public sealed record WrittenIndex(string Layout, string Tag, string Digest, IReadOnlyDictionary<string, string> Images)
{
    /// <summary>The index as users name it: <c>oci:/path:tag</c>.</summary>
    public string Reference => $"oci:{Layout}:{Tag}";
}
