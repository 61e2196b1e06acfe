// Who may sign with a certificate of an authority of one's own.
namespace Bootc.Signatures.Policy;

/// <summary><c>pki</c>: certificates below roots that are named here.</summary>
/// <param name="Roots">The root certificates.</param>
/// <param name="Intermediates">Certificates between roots and signers that signatures need not bring along.</param>
/// <param name="SubjectEmail">The signer's e-mail address, if it counts.</param>
/// <param name="SubjectHostname">The signer's host name, if it counts.</param>
public sealed record PkiAuthority(KeySource Roots, KeySource? Intermediates, string? SubjectEmail, string? SubjectHostname)
{
    /// <inheritdoc/>
    public override string ToString() => $"{string.Join(" and ", new[] { SubjectEmail, SubjectHostname }.Where(subject => subject is not null))} (pki, {Roots})";
}
