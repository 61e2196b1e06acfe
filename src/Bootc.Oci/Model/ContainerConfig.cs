// The part of an image's configuration that says how containers of it run.
using System.Text.Json.Serialization;

namespace Bootc.Oci.Model;

/// <summary>The object <c>config</c> of an image's configuration.</summary>
public sealed record ContainerConfig
{
    /// <summary>The labels.</summary>
    [JsonPropertyName("Labels")]
    public Dictionary<string, string>? Labels { get; init; }
}
