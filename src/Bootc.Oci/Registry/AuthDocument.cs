// The documents of registries and of credentials, as far as they are read.
using System.Text.Json.Serialization;

namespace Bootc.Oci.Registry;

/// <summary>A containers auth.json (containers-auth.json(5)), or Docker's config.json.</summary>
internal sealed record AuthDocument
{
    [JsonPropertyName("auths")]
    public Dictionary<string, AuthEntry>? Auths { get; init; }

    /// <summary>Registries, and the credential helper that has the credentials of each.</summary>
    [JsonPropertyName("credHelpers")]
    public Dictionary<string, string>? CredentialHelpers { get; init; }

    /// <summary>The credential helper that has all others (Docker).</summary>
    [JsonPropertyName("credsStore")]
    public string? CredentialsStore { get; init; }
}
