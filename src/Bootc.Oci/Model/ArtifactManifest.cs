// The manifest of what is no image, and may refer to one.
namespace Bootc.Oci.Model;

/// <summary>A manifest of an artifact, perhaps with a subject (OCI image-spec, manifest.md, "Guidelines for Artifact Usage").</summary>
internal sealed record ArtifactManifest
{
    /// <summary>Always 2.</summary>
    public int SchemaVersion { get; init; } = 2;

    /// <summary>The manifest's own media type.</summary>
    public string MediaType { get; init; } = MediaTypes.OciManifest;

    /// <summary>What kind of artifact it is.</summary>
    public required string ArtifactType { get; init; }

    /// <summary>The configuration, which is an empty one.</summary>
    public required Descriptor Config { get; init; }

    /// <summary>The content.</summary>
    public required Descriptor[] Layers { get; init; }

    /// <summary>What it refers to, if anything.</summary>
    public Descriptor? Subject { get; init; }

    /// <summary>Annotations, if any.</summary>
    public Dictionary<string, string>? Annotations { get; init; }
}
