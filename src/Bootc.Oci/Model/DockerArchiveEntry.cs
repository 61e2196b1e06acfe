// An image in the `manifest.json` of a docker-archive.
using System.Text.Json.Serialization;

namespace Bootc.Oci.Model;

/// <summary>An element of the list in a docker-archive's <c>manifest.json</c>, as <c>docker save</c> writes it.</summary>
internal sealed record DockerArchiveEntry
{
    [JsonPropertyName("Config")]
    public required string Config { get; init; }

    [JsonPropertyName("RepoTags")]
    public string[]? RepoTags { get; init; }

    [JsonPropertyName("Layers")]
    public required string[] Layers { get; init; }
}
