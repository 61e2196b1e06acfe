// The manifest of one image.
using System.Text.Json;

namespace Bootc.Oci.Model;

/// <summary>An image's configuration and layers (OCI image-spec, manifest.md; Docker's schema 2 has the same form).</summary>
public sealed record ImageManifest
{
    /// <summary>Manifests are at most this large, in bytes, as registries have it.</summary>
    public const int MaximumSize = 4 * 1024 * 1024;

    /// <summary>Always 2.</summary>
    public int SchemaVersion { get; init; } = 2;

    /// <summary>The manifest's own media type.</summary>
    public string? MediaType { get; init; }

    /// <summary>The type of artifact, for what is no image.</summary>
    public string? ArtifactType { get; init; }

    /// <summary>The configuration.</summary>
    public required Descriptor Config { get; init; }

    /// <summary>The layers, lowest first.</summary>
    public required Descriptor[] Layers { get; init; }

    /// <summary>Annotations, if any.</summary>
    public Dictionary<string, string>? Annotations { get; init; }

    /// <summary>Reads a manifest.</summary>
    /// <exception cref="ManifestException">It is malformed or of another type.</exception>
    public static ImageManifest Parse(ReadOnlySpan<byte> json, string what)
    {
        try
        {
            ImageManifest manifest = JsonSerializer.Deserialize(json, OciJson.Default.ImageManifest)
                ?? throw new ManifestException($"the manifest of {what} is empty");
            return Validate(manifest, what);
        }
        catch (JsonException e)
        {
            throw new ManifestException($"the manifest of {what} is malformed: {e.Message}", e);
        }
    }

    private static ImageManifest Validate(ImageManifest manifest, string what)
    {
        if (manifest.SchemaVersion != 2)
        {
            throw new ManifestException($"the manifest of {what} has schema version {manifest.SchemaVersion}; only version 2 is supported");
        }

        Descriptor.Require(manifest.Layers.Append(manifest.Config), $"the manifest of {what}");
        return manifest;
    }
}
