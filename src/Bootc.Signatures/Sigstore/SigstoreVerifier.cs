// sigstoreSigned: signatures as cosign attaches them, by a key or by a certificate.
using Bootc.Oci.Signatures;
using Bootc.Signatures.Json;
using Bootc.Signatures.Keys;
using Bootc.Signatures.Policy;
using Bootc.Signatures.Sigstore.Bundles;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.X509;

namespace Bootc.Signatures.Sigstore;

internal sealed partial class SigstoreVerifier : IRequirementVerifier
{
    private const string BundleAnnotation = "dev.sigstore.cosign/bundle";
    private const string CertificateAnnotation = "dev.sigstore.cosign/certificate";
    private const string ChainAnnotation = "dev.sigstore.cosign/chain";

    private readonly SigstoreSigned _requirement;
    private readonly TimeProvider _clock;
    private readonly Func<TrustedRoot> _trustedRoot;
    private readonly IReadOnlyList<PublicKey> _keys;
    private readonly IReadOnlyList<PublicKey> _logKeys;
    private readonly IReadOnlyList<X509Certificate> _roots;
    private readonly IReadOnlyList<X509Certificate> _intermediates;

    /// <exception cref="TrustRootException">A key or certificate cannot be used.</exception>
    public SigstoreVerifier(SigstoreSigned requirement, TimeProvider clock, Func<TrustedRoot> trustedRoot)
    {
        _trustedRoot = trustedRoot;
        _requirement = requirement;
        _clock = clock;
        _keys = Read<PublicKey>(requirement.Keys, "public key", pem => [PublicKey.FromPem(pem)]);
        _logKeys = Read<PublicKey>(requirement.RekorKeys, "public key of a log", pem => [ReadLogKey(pem)]);
        _roots = Read<X509Certificate>(requirement.Fulcio?.Authorities ?? requirement.Pki?.Roots, "file of certificates", pem => CertificateChain.ReadPem(pem));
        _intermediates = Read<X509Certificate>(requirement.Pki?.Intermediates, "file of certificates", pem => CertificateChain.ReadPem(pem));
    }

    public bool Concerns(ImageSignature signature) => signature is SigstoreSignature { MimeType: SigstoreSignature.SimpleSigningType } or BundleSignature;

    public SignatureEvidence Verify(ImageSignature signature, SignedImage image)
    {
        if (signature is BundleSignature bundle)
        {
            return VerifyBundle(bundle, image);
        }

        var attachment = (SigstoreSignature)signature;
        byte[] value = Decode(Require(attachment, SigstoreSignature.SignatureAnnotation));
        (IReadOnlyList<(PublicKey Key, string Name)> candidates, DateTimeOffset? logged) = FindSigners(attachment, value);
        (PublicKey Key, string Name) signer = candidates.FirstOrDefault(candidate => candidate.Key.Verifies(attachment.Payload.Span, value));
        if (signer.Key is null)
        {
            throw new InvalidSignatureException($"the signature is not one by {string.Join(" or ", candidates.Select(candidate => candidate.Name))}");
        }

        SignedPayload payload = SignedPayload.Parse(attachment.Payload, SignedPayload.Cosign);
        image.Require(payload, _requirement.Identity);
        return new SignatureEvidence(signer.Name, payload.DockerReference, logged, signature.Origin);
    }

    private (IReadOnlyList<(PublicKey Key, string Name)> Candidates, DateTimeOffset? Logged) FindSigners(SigstoreSignature attachment, byte[] signature)
    {
        if (_requirement.Fulcio is { } fulcio)
        {
            (X509Certificate certificate, CertificateChain chain) = ReadCertificate(attachment);
            DateTimeOffset time = VerifyLogged(attachment, certificate.GetEncoded(), signature);
            chain.RequireCodeSigning(certificate, time);
            return ([RequireFulcioIdentity(certificate, fulcio)], time);
        }

        if (_requirement.Pki is { } pki)
        {
            (X509Certificate certificate, CertificateChain chain) = ReadCertificate(attachment);
            chain.RequireCodeSigning(certificate, _clock.GetUtcNow());
            return ([RequirePkiIdentity(certificate, pki)], null);
        }

        return _logKeys.Count > 0 ? FindLoggedKey(attachment, signature) : ([.. _keys.Select(key => (key, Describe(key)))], null);
    }

    // A log's entry is for one key.
    private (IReadOnlyList<(PublicKey Key, string Name)> Candidates, DateTimeOffset? Logged) FindLoggedKey(SigstoreSignature attachment, byte[] signature)
    {
        InvalidSignatureException? failure = null;
        foreach (PublicKey key in _keys)
        {
            try
            {
                return ([(key, Describe(key))], VerifyLogged(attachment, key.Der, signature));
            }
            catch (InvalidSignatureException e)
            {
                failure = e;
            }
        }

        throw failure!;
    }

    private DateTimeOffset VerifyLogged(SigstoreSignature attachment, byte[] signer, byte[] signature) =>
        RekorBundle.Verify(System.Text.Encoding.UTF8.GetBytes(Require(attachment, BundleAnnotation)), LogKeysOfPromises, signer, signature, attachment.Payload.Span);

    private (X509Certificate Certificate, CertificateChain Chain) ReadCertificate(SigstoreSignature attachment)
    {
        try
        {
            IReadOnlyList<X509Certificate> leaf = CertificateChain.ReadPem(System.Text.Encoding.UTF8.GetBytes(Require(attachment, CertificateAnnotation)));
            IReadOnlyList<X509Certificate> chain = attachment.Annotations.TryGetValue(ChainAnnotation, out string? text) && text.Length > 0
                ? CertificateChain.ReadPem(System.Text.Encoding.UTF8.GetBytes(text))
                : [];
            return leaf is [var only]
                ? (only, new CertificateChain(_roots, [.. _intermediates, .. chain]))
                : throw new InvalidSignatureException("the signature has more than one certificate of its signer");
        }
        catch (FormatException e)
        {
            throw new InvalidSignatureException($"the signature's certificate or chain cannot be read: {e.Message}", e);
        }
    }

    private static (PublicKey Key, string Name) RequireFulcioIdentity(X509Certificate certificate, FulcioAuthority fulcio)
    {
        string issuer = FulcioExtensions.IssuerOf(certificate);
        if (issuer != fulcio.OidcIssuer)
        {
            throw new InvalidSignatureException($"the signer logged in at {issuer}, not at {fulcio.OidcIssuer}");
        }

        RequireEmail(certificate, fulcio.SubjectEmail);
        return (KeyOf(certificate), $"{fulcio.SubjectEmail} of {issuer}");
    }

    private static (PublicKey Key, string Name) RequirePkiIdentity(X509Certificate certificate, PkiAuthority pki)
    {
        if (pki.SubjectEmail is not null)
        {
            RequireEmail(certificate, pki.SubjectEmail);
        }

        if (pki.SubjectHostname is not null && new CertificateSubject(certificate) is { } subject && !subject.IsHost(pki.SubjectHostname))
        {
            throw new InvalidSignatureException($"the signer's certificate is for {subject}, not for the host {pki.SubjectHostname}");
        }

        return (KeyOf(certificate), $"{pki.SubjectEmail ?? pki.SubjectHostname} by a certificate of {certificate.IssuerDN}");
    }

    private static void RequireEmail(X509Certificate certificate, string email)
    {
        var subject = new CertificateSubject(certificate);
        if (!subject.Emails.Contains(email))
        {
            throw new InvalidSignatureException($"the signer's certificate is for {subject}, not for {email}");
        }
    }

    private static PublicKey KeyOf(X509Certificate certificate)
    {
        try
        {
            return PublicKey.Of(certificate.GetPublicKey());
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            throw new InvalidSignatureException($"the key in the signer's certificate is of no use: {e.Message}", e);
        }
    }

    private static string Describe(PublicKey key) => $"the {key.Kind} key {key.Fingerprint[..16]}";

    private static string Require(SigstoreSignature attachment, string annotation) => attachment.Annotations.TryGetValue(annotation, out string? value) && value.Length > 0
        ? value
        : throw new InvalidSignatureException($"the signature has no annotation {annotation}");

    private static byte[] Decode(string signature)
    {
        try
        {
            return StrictObject.FromWrappedBase64(signature, SigstoreSignature.SignatureAnnotation);
        }
        catch (JsonFormatException e)
        {
            throw new InvalidSignatureException(e.Message, e);
        }
    }

    private delegate IReadOnlyList<T> ReadItems<T>(byte[] pem);

    private static IReadOnlyList<T> Read<T>(KeySource? source, string kind, ReadItems<T> read)
    {
        var items = new List<T>();
        foreach ((string name, byte[] content) in source?.Load() ?? [])
        {
            try
            {
                items.AddRange(read(content));
            }
            catch (FormatException e)
            {
                throw new TrustRootException($"{name} is no {kind}: {e.Message}", e);
            }
        }

        return items;
    }

    private static PublicKey ReadLogKey(byte[] pem) => PublicKey.FromPem(pem) is { Parameters: ECPublicKeyParameters or Ed25519PublicKeyParameters } key
        ? key
        : throw new FormatException("logs sign with ECDSA or Ed25519, and it is another key");

    // containers/image knows only logs of Rekor v1, which sign so: where a policy has another one, nothing that is attached counts there.
    private IReadOnlyList<PublicKey> LogKeysOfPromises => _logKeys.All(key => key.Parameters is ECPublicKeyParameters)
        ? _logKeys
        : throw new InvalidSignatureException("one of the policy's logs signs with Ed25519, as Rekor v2 does: its entries are in bundles, and not attached to signatures");
}
