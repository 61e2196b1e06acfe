// What refers to content.
using System.Text.Json.Serialization;

namespace Bootc.Oci.Model;

/// <summary>A reference to content (OCI image-spec, descriptor.md).</summary>
public sealed record Descriptor
{
    /// <summary>The content's media type.</summary>
    public string MediaType { get; init; } = "";

    /// <summary>The content's digest.</summary>
    public required Digest Digest { get; init; }

    /// <summary>The content's size in bytes.</summary>
    public required long Size { get; init; }

    /// <summary>Annotations, if any.</summary>
    public Dictionary<string, string>? Annotations { get; init; }

    /// <summary>In an index, the platform of the image.</summary>
    public Platform? Platform { get; init; }

    /// <summary>Of a manifest of an artifact, the artifact's type.</summary>
    public string? ArtifactType { get; init; }

    /// <summary>Where else the content may be had, if anywhere.</summary>
    [JsonPropertyName("urls")]
    public string[]? Urls { get; init; }

    // What JSON allows in a list, and what nothing can have.
    internal static void Require(IEnumerable<Descriptor?> descriptors, string what)
    {
        foreach (Descriptor? descriptor in descriptors)
        {
            if (descriptor is null)
            {
                throw new ManifestException($"{what} has a null where a descriptor belongs");
            }

            if (descriptor.Size < 0)
            {
                throw new ManifestException($"{what} gives {descriptor.Digest} the size {descriptor.Size}");
            }

            if (descriptor.Annotations?.Any(annotation => annotation.Value is null) == true)
            {
                throw new ManifestException($"{what} gives {descriptor.Digest} an annotation without a value");
            }
        }
    }
}
