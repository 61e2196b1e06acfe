// The configuration of an image.
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Bootc.Oci.Model;

/// <summary>What an image is and how it was made (OCI image-spec, config.md); what is not needed here is left out.</summary>
public sealed record ImageConfig
{
    /// <summary>Configurations are at most this large, in bytes.</summary>
    public const int MaximumSize = 4 * 1024 * 1024;

    /// <summary>When the image was made (RFC 3339).</summary>
    public string? Created { get; init; }

    /// <summary>The architecture: <c>amd64</c>.</summary>
    public string Architecture { get; init; } = "";

    /// <summary>The operating system: <c>linux</c>.</summary>
    [JsonPropertyName("os")]
    public string OperatingSystem { get; init; } = "";

    /// <summary>The architecture's variant.</summary>
    public string? Variant { get; init; }

    /// <summary>How containers of the image run, with its labels.</summary>
    public ContainerConfig? Config { get; init; }

    /// <summary>The layers, uncompressed.</summary>
    [JsonPropertyName("rootfs")]
    public required RootFs RootFs { get; init; }

    /// <summary>How each layer came to be.</summary>
    public HistoryEntry[]? History { get; init; }

    /// <summary>The labels; empty when there are none.</summary>
    [JsonIgnore]
    public IReadOnlyDictionary<string, string> Labels => Config?.Labels ?? new Dictionary<string, string>();

    /// <summary>The platform that the image is for.</summary>
    [JsonIgnore]
    public Platform Platform => new() { Architecture = Architecture, OperatingSystem = OperatingSystem, Variant = string.IsNullOrEmpty(Variant) ? null : Variant };

    /// <summary>Reads a configuration.</summary>
    /// <exception cref="ManifestException">It is malformed.</exception>
    public static ImageConfig Parse(ReadOnlySpan<byte> json, string what)
    {
        try
        {
            return JsonSerializer.Deserialize(json, OciJson.Default.ImageConfig) ?? throw new ManifestException($"the configuration of {what} is empty");
        }
        catch (JsonException e)
        {
            throw new ManifestException($"the configuration of {what} is malformed: {e.Message}", e);
        }
    }
}
