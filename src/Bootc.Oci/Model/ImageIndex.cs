// Several images under one name, one for each platform.
using System.Text.Json;

namespace Bootc.Oci.Model;

/// <summary>A list of manifests (OCI image-spec, image-index.md; Docker's manifest list has the same form).</summary>
public sealed record ImageIndex
{
    /// <summary>Always 2.</summary>
    public int SchemaVersion { get; init; } = 2;

    /// <summary>The index's own media type.</summary>
    public string? MediaType { get; init; }

    /// <summary>The manifests.</summary>
    public required Descriptor[] Manifests { get; init; }

    /// <summary>Annotations, if any.</summary>
    public Dictionary<string, string>? Annotations { get; init; }

    /// <summary>Reads an index.</summary>
    /// <exception cref="ManifestException">It is malformed.</exception>
    public static ImageIndex Parse(ReadOnlySpan<byte> json, string what)
    {
        try
        {
            ImageIndex index = JsonSerializer.Deserialize(json, OciJson.Default.ImageIndex) ?? throw new ManifestException($"the index of {what} is empty");
            Descriptor.Require(index.Manifests, $"the index of {what}");
            return index;
        }
        catch (JsonException e)
        {
            throw new ManifestException($"the index of {what} is malformed: {e.Message}", e);
        }
    }

    /// <summary>The image for a platform.</summary>
    /// <exception cref="ImageNotFoundException">There is none; those there are are named.</exception>
    public Descriptor Choose(Platform platform, string what)
    {
        foreach (string? variant in platform.AcceptedVariants)
        {
            Descriptor? chosen = Array.Find(Manifests, manifest =>
                manifest.Platform is { } candidate && platform.HasSameArchitecture(candidate) && (candidate.Variant ?? "") == (variant ?? ""));
            if (chosen is not null)
            {
                return chosen;
            }
        }

        string there = string.Join(", ", Manifests.Select(manifest => manifest.Platform?.ToString() ?? "unknown").Distinct());
        throw new ImageNotFoundException($"{what} has no image for {platform}, only for {(there.Length > 0 ? there : "none")}");
    }
}
