// An authority whose certificates count: for those who sign (Fulcio), or for time stamps.
using Bootc.Signatures.Json;
using Bootc.Signatures.Keys;
using Org.BouncyCastle.X509;

namespace Bootc.Signatures.Sigstore.Bundles;

/// <summary>A <c>CertificateAuthority</c> of a trusted root.</summary>
internal sealed class CertificateAuthority
{
    /// <exception cref="JsonFormatException">It is malformed.</exception>
    public CertificateAuthority(ProtoObject authority)
    {
        Uri = authority.GetString("uri");
        _ = authority.GetString("operator");
        if (authority.TryGetMessage("subject") is { } subject)
        {
            _ = subject.GetString("organization");
            _ = subject.GetString("commonName");
            subject.End();
        }

        Validity = ValidityPeriod.Read(authority.TryGetMessage("validFor"));
        ProtoObject chain = authority.GetMessage("certChain");
        authority.End();
        IReadOnlyList<ProtoObject> certificates = chain.GetMessages("certificates");
        chain.End();
        Chain = [.. certificates.Select(Read)];
        if (Chain.Count == 0)
        {
            throw new JsonFormatException($"'{chain.PathOf("certificates")}' is empty");
        }
    }

    /// <summary>An authority of which nothing but its certificates is known, as policies name them.</summary>
    /// <param name="chain">The certificates, the root last.</param>
    public CertificateAuthority(IReadOnlyList<X509Certificate> chain)
    {
        Uri = "";
        Chain = chain;
        Validity = ValidityPeriod.Always;
    }

    /// <summary>Where the authority is.</summary>
    public string Uri { get; }

    /// <summary>Its certificates: the root last, and for time stamps perhaps that of the signer first.</summary>
    public IReadOnlyList<X509Certificate> Chain { get; }

    /// <summary>When its certificates count.</summary>
    public ValidityPeriod Validity { get; }

    /// <summary>The ways from certificates to its root.</summary>
    /// <param name="more">Other certificates that may be on such a way.</param>
    public CertificateChain MakeChain(params IEnumerable<X509Certificate> more) => new([Chain[^1]], [.. Chain.SkipLast(1), .. more]);

    /// <inheritdoc/>
    public override string ToString() => Uri.Length > 0 ? Uri : Chain[^1].SubjectDN.ToString();

    private static X509Certificate Read(ProtoObject certificate)
    {
        try
        {
            return ReadCertificate(certificate);
        }
        catch (FormatException e)
        {
            throw new JsonFormatException($"'{certificate.PathOf("rawBytes")}' cannot be read: {e.Message}", e);
        }
    }

    private static X509Certificate ReadCertificate(ProtoObject certificate)
    {
        byte[] bytes = certificate.RequireBytes("rawBytes");
        certificate.End();
        return CertificateChain.ReadDer(bytes);
    }
}
