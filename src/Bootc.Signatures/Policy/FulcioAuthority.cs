// Who may sign with a certificate of a Fulcio.
namespace Bootc.Signatures.Policy;

/// <summary><c>fulcio</c>: certificates that a Fulcio gave to one who logged in as someone.</summary>
/// <param name="Authorities">The certificates of the authority.</param>
/// <param name="OidcIssuer">Where the signer logged in.</param>
/// <param name="SubjectEmail">As whom.</param>
public sealed record FulcioAuthority(KeySource Authorities, string OidcIssuer, string SubjectEmail)
{
    /// <inheritdoc/>
    public override string ToString() => $"{SubjectEmail} of {OidcIssuer} (fulcio, {Authorities})";
}
