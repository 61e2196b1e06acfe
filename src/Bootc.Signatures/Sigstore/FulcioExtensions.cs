// What a Fulcio writes into certificates of those who logged in.
using Org.BouncyCastle.Asn1;
using Org.BouncyCastle.X509;

namespace Bootc.Signatures.Sigstore;

/// <summary>Fulcio's extensions of certificates (sigstore/fulcio, docs/oid-info.md).</summary>
internal static class FulcioExtensions
{
    private static readonly DerObjectIdentifier IssuerV1 = new("1.3.6.1.4.1.57264.1.1"); // the text alone
    private static readonly DerObjectIdentifier IssuerV2 = new("1.3.6.1.4.1.57264.1.8"); // as UTF8String

    /// <summary>Where the subject logged in.</summary>
    /// <exception cref="InvalidSignatureException">The certificate does not say it, or says two things.</exception>
    public static string IssuerOf(X509Certificate certificate)
    {
        string? first = certificate.GetExtensionValue(IssuerV1) is { } v1 ? System.Text.Encoding.UTF8.GetString(v1.GetOctets()) : null;
        string? second = certificate.GetExtensionValue(IssuerV2) is { } v2 ? ReadText(v2.GetOctets()) : null;
        return first is not null && second is not null && first != second
            ? throw new InvalidSignatureException($"the certificate names two OIDC issuers, {first} and {second}")
            : first ?? second ?? throw new InvalidSignatureException("the certificate names no OIDC issuer");
    }

    private static string ReadText(byte[] der)
    {
        try
        {
            return ((DerUtf8String)Asn1Object.FromByteArray(der)).GetString();
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            throw new InvalidSignatureException("the certificate's OIDC issuer is malformed", e);
        }
    }
}
