// What a token server answers.
using System.Text.Json.Serialization;

namespace Bootc.Oci.Registry;

/// <summary>The answer of a token server (distribution's token specification).</summary>
internal sealed record TokenDocument
{
    [JsonPropertyName("token")]
    public string? Token { get; init; }

    [JsonPropertyName("access_token")]
    public string? AccessToken { get; init; }

    [JsonPropertyName("expires_in")]
    public int? ExpiresIn { get; init; }
}
