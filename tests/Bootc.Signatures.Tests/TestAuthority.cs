// An authority made for one run, and certificates that it gives.
using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Bootc.Signatures.Tests;

/// <summary>A root, an authority below it, and signers' certificates as a Fulcio gives them.</summary>
internal sealed class TestAuthority
{
    private const string CodeSigning = "1.3.6.1.5.5.7.3.3";
    private readonly X509Certificate2 _root;
    private readonly X509Certificate2 _intermediate;

    public TestAuthority(DateTimeOffset from, DateTimeOffset to)
    {
        _root = Create("CN=root,O=test", null, from, to, request => AddAuthority(request, 1)).Certificate;
        _intermediate = Create("CN=intermediate,O=test", _root, from, to, request => AddAuthority(request, 0)).Certificate;
    }

    public string RootPem => _root.ExportCertificatePem() + "\n";

    /// <summary>The authority below the root, and the root: what cosign attaches.</summary>
    public string ChainPem => _intermediate.ExportCertificatePem() + "\n" + RootPem;

    /// <summary>Gives someone a certificate.</summary>
    public (string Pem, ECDsa Key) Issue(
        DateTimeOffset from, DateTimeOffset to, string? email = null, string? host = null, string? issuer = null, string purpose = CodeSigning)
    {
        (X509Certificate2 certificate, ECDsa key) = Create("", _intermediate, from, to, request =>
        {
            request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
            request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(purpose)], critical: false));
            var names = new SubjectAlternativeNameBuilder();
            if (email is not null)
            {
                names.AddEmailAddress(email);
            }

            if (host is not null)
            {
                names.AddDnsName(host);
            }

            request.CertificateExtensions.Add(names.Build(critical: true));
            if (issuer is not null)
            {
                var text = new AsnWriter(AsnEncodingRules.DER);
                text.WriteCharacterString(UniversalTagNumber.UTF8String, issuer);
                request.CertificateExtensions.Add(new X509Extension("1.3.6.1.4.1.57264.1.1", Encoding.UTF8.GetBytes(issuer), critical: false));
                request.CertificateExtensions.Add(new X509Extension("1.3.6.1.4.1.57264.1.8", text.Encode(), critical: false));
            }
        });
        return (certificate.ExportCertificatePem() + "\n", key);
    }

    private static void AddAuthority(CertificateRequest request, int below)
    {
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, true, below, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, critical: true));
    }

    private static (X509Certificate2 Certificate, ECDsa Key) Create(string name, X509Certificate2? issuer, DateTimeOffset from, DateTimeOffset to, Action<CertificateRequest> extend)
    {
        ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(name, key, HashAlgorithmName.SHA256);
        extend(request);
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        return issuer is null
            ? (request.CreateSelfSigned(from, to), key)
            : (request.Create(issuer, from, to, RandomNumberGenerator.GetBytes(8)).CopyWithPrivateKey(key), key);
    }
}
