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
    private const string TimeStamping = "1.3.6.1.5.5.7.3.8";
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

    /// <summary>The DER of <see cref="ChainPem"/>.</summary>
    public IReadOnlyList<byte[]> Chain => [_intermediate.RawData, _root.RawData];

    /// <summary>The DER of the root.</summary>
    public byte[] Root => _root.RawData;

    /// <summary>Logs a certificate before it is given, and returns what is embedded in it.</summary>
    /// <param name="certificate">The certificate, TBSCertificate, as it is so far.</param>
    /// <param name="issuer">The key of its issuer, SubjectPublicKeyInfo.</param>
    public delegate byte[] LogCertificate(byte[] certificate, byte[] issuer);

    /// <summary>Gives someone a certificate.</summary>
    public (string Pem, ECDsa Key) Issue(
        DateTimeOffset from, DateTimeOffset to, string? email = null, string? host = null, string? issuer = null, string purpose = CodeSigning, LogCertificate? log = null)
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
        }, log);
        return (certificate.ExportCertificatePem() + "\n", key);
    }

    /// <summary>Gives someone who tells the time a certificate, from the root.</summary>
    public (X509Certificate2 Certificate, ECDsa Key) IssueForTimestamps(DateTimeOffset from, DateTimeOffset to, string purpose = TimeStamping) => Create("CN=time,O=test", _root, from, to, request =>
    {
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(purpose)], critical: true));
    });

    private static void AddAuthority(CertificateRequest request, int below)
    {
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, true, below, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, critical: true));
    }

    private static (X509Certificate2 Certificate, ECDsa Key) Create(string name, X509Certificate2? issuer, DateTimeOffset from, DateTimeOffset to, Action<CertificateRequest> extend, LogCertificate? log = null)
    {
        ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(name, key, HashAlgorithmName.SHA256);
        extend(request);
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        if (issuer is null)
        {
            return (request.CreateSelfSigned(from, to), key);
        }

        byte[] serial = RandomNumberGenerator.GetBytes(8);
        serial[0] = 1;
        if (log is not null)
        {
            AsnReader parts = new AsnReader(request.Create(issuer, from, to, serial).RawData, AsnEncodingRules.DER).ReadSequence();
            byte[] logged = log(parts.PeekEncodedValue().ToArray(), issuer.PublicKey.ExportSubjectPublicKeyInfo());
            request.CertificateExtensions.Add(new X509Extension("1.3.6.1.4.1.11129.2.4.2", logged, critical: false));
        }

        return (request.Create(issuer, from, to, serial).CopyWithPrivateKey(key), key);
    }
}
