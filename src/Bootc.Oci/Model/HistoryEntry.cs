// How a layer of an image came to be.
using System.Text.Json.Serialization;

namespace Bootc.Oci.Model;

/// <summary>An entry of <c>history</c> in an image's configuration.</summary>
public sealed record HistoryEntry
{
    /// <summary>When (RFC 3339).</summary>
    public string? Created { get; init; }

    /// <summary>By which command.</summary>
    [JsonPropertyName("created_by")]
    public string? CreatedBy { get; init; }

    /// <summary>A comment.</summary>
    public string? Comment { get; init; }

    /// <summary>Whether the command made no layer.</summary>
    [JsonPropertyName("empty_layer")]
    public bool EmptyLayer { get; init; }
}
