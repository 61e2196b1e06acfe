// The uncompressed layers of an image.
using System.Text.Json.Serialization;

namespace Bootc.Oci.Model;

/// <summary>The object <c>rootfs</c> of an image's configuration.</summary>
public sealed record RootFs
{
    /// <summary>Always <c>layers</c>.</summary>
    public string Type { get; init; } = "layers";

    /// <summary>The digests of the uncompressed layers, lowest first.</summary>
    [JsonPropertyName("diff_ids")]
    public required Digest[] DiffIds { get; init; }
}
