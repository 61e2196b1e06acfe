// Credentials for one registry or repository.
using System.Text.Json.Serialization;

namespace Bootc.Oci.Registry;

/// <summary>An entry of an auth.json.</summary>
internal sealed record AuthEntry
{
    /// <summary>User and password, a colon between, in Base64.</summary>
    [JsonPropertyName("auth")]
    public string? Auth { get; init; }

    /// <summary>A refresh token, used instead of the password.</summary>
    [JsonPropertyName("identitytoken")]
    public string? IdentityToken { get; init; }
}
