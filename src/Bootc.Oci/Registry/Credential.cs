// What a client shows to a registry.
namespace Bootc.Oci.Registry;

/// <summary>A user's name and password, or an identity token.</summary>
internal sealed record Credential(string User, string Password, string? IdentityToken);
