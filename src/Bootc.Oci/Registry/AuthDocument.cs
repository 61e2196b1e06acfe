// The documents of registries and of credentials, as far as they are read.
using System.Text.Json.Serialization;

namespace Bootc.Oci.Registry;

/// <summary>A containers auth.json (containers-auth.json(5)), or Docker's config.json.</summary>
internal sealed record AuthDocument
{
    [JsonPropertyName("auths")]
    public Dictionary<string, AuthEntry>? Auths { get; init; }
}
