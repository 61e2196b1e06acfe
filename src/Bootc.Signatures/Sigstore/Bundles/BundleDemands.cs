// What of a bundle is looked at.
namespace Bootc.Signatures.Sigstore.Bundles;

/// <summary>What a verifier asks for, besides a good signature. What it does not ask for is passed over.</summary>
/// <param name="LogEntry">A log must have the signature.</param>
/// <param name="Timestamps">Timestamps of authorities count, and must be good.</param>
/// <param name="CertificateLog">A log must have the signer's certificate.</param>
internal sealed record BundleDemands(bool LogEntry, bool Timestamps, bool CertificateLog)
{
    /// <summary>All of it.</summary>
    public static readonly BundleDemands All = new(true, true, true);
}
