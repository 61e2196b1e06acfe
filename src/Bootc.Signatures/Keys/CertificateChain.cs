// Whether a certificate was given by an authority that is trusted (RFC 5280, section 6).
using Org.BouncyCastle.Asn1;
using Org.BouncyCastle.Asn1.X509;
using Org.BouncyCastle.X509;

namespace Bootc.Signatures.Keys;

/// <summary>Looks for a way from a certificate to a trusted one.</summary>
/// <remarks>
/// Stricter than the RFC where it costs nothing: signatures by SHA-1 or MD5 do not count, and an authority with name constraints
/// or any other extension that must be obeyed and is not understood is none.
/// </remarks>
internal sealed class CertificateChain(IReadOnlyList<X509Certificate> roots, IReadOnlyList<X509Certificate> intermediates)
{
    private const int MaximumLength = 8;
    private const int MaximumTries = 200;
    private const string ClientsOfAnyPurpose = "2.5.29.37.0";
    private const string CodeSigning = "1.3.6.1.5.5.7.3.3";
    private const string TimeStamping = "1.3.6.1.5.5.7.3.8";
    private const int KeyCertSign = 5;
    private const int DigitalSignature = 0;

    private static readonly HashSet<string> Understood =
    [
        X509Extensions.KeyUsage.Id, X509Extensions.ExtendedKeyUsage.Id, X509Extensions.BasicConstraints.Id, X509Extensions.SubjectAlternativeName.Id,
    ];

    private static readonly HashSet<string> SoundAlgorithms =
    [
        "1.2.840.10045.4.3.2", "1.2.840.10045.4.3.3", "1.2.840.10045.4.3.4", // ECDSA with SHA-256, -384, -512
        "1.2.840.113549.1.1.11", "1.2.840.113549.1.1.12", "1.2.840.113549.1.1.13", // RSA with those
        "1.3.101.112", // Ed25519
    ];

    private int _tries;

    /// <summary>Reads certificates in PEM format.</summary>
    /// <exception cref="FormatException">There is none, or something else.</exception>
    public static IReadOnlyList<X509Certificate> ReadPem(ReadOnlySpan<byte> pem) => [.. Pem.ReadAll(pem).Select(block => block.Label == "CERTIFICATE"
        ? ReadDer(block.Content)
        : throw new FormatException($"it holds a '{block.Label}', no certificate"))];

    /// <summary>Reads a certificate.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    public static X509Certificate ReadDer(byte[] der)
    {
        try
        {
            return new X509Certificate(X509CertificateStructure.GetInstance(Asn1Object.FromByteArray(der)));
        }
        catch (Exception e) when (e is not FormatException)
        {
            throw new FormatException($"it is no certificate: {e.Message}", e);
        }
    }

    /// <summary>Checks that a certificate for signing code leads to a root, all of them valid at a time.</summary>
    /// <returns>The way, from the certificate's issuer to the root.</returns>
    /// <exception cref="InvalidSignatureException">There is no such way.</exception>
    public IReadOnlyList<X509Certificate> RequireCodeSigning(X509Certificate leaf, DateTimeOffset time) => Require(leaf, time, CodeSigning);

    /// <summary>The same of a certificate for time stamps.</summary>
    /// <exception cref="InvalidSignatureException">There is no such way.</exception>
    public IReadOnlyList<X509Certificate> RequireTimeStamping(X509Certificate leaf, DateTimeOffset time) => Require(leaf, time, TimeStamping);

    private IReadOnlyList<X509Certificate> Require(X509Certificate leaf, DateTimeOffset time, string purpose)
    {
        try
        {
            return Find(leaf, time, purpose);
        }
        catch (Exception e) when (e is not (InvalidSignatureException or OutOfMemoryException))
        {
            throw new InvalidSignatureException($"a certificate is malformed: {e.Message}", e);
        }
    }

    private IReadOnlyList<X509Certificate> Find(X509Certificate leaf, DateTimeOffset time, string purpose)
    {
        if (Refuse(leaf, time, purpose) is { } reason)
        {
            throw new InvalidSignatureException($"{NameOf(leaf)} {reason}");
        }

        if (leaf.GetKeyUsage() is { } usage && !(usage.Length > DigitalSignature && usage[DigitalSignature]))
        {
            throw new InvalidSignatureException($"{NameOf(leaf)} is not for signing");
        }

        string failure = $"no trusted certificate is that of its issuer {leaf.IssuerDN}";
        var way = new List<X509Certificate>();
        return Extend(leaf, way, time, purpose, ref failure)
            ? way
            : throw new InvalidSignatureException($"{NameOf(leaf)} leads to no trusted one: {failure}");
    }

    private static string NameOf(X509Certificate certificate) => certificate.SubjectDN.ToString() is { Length: > 0 } name ? $"the certificate of {name}" : "the certificate";

    private bool Extend(X509Certificate child, List<X509Certificate> way, DateTimeOffset time, string purpose, ref string failure)
    {
        foreach ((X509Certificate issuer, bool isRoot) in roots.Select(root => (root, true)).Concat(intermediates.Select(certificate => (certificate, false))))
        {
            if (!issuer.SubjectDN.Equivalent(child.IssuerDN) || way.Contains(issuer) || way.Count == MaximumLength)
            {
                continue;
            }

            if (++_tries > MaximumTries)
            {
                failure = "there are too many certificates to try";
                return false;
            }

            if ((Refuse(issuer, time, purpose) ?? RefuseAuthority(issuer, way.Count) ?? RefuseSignature(child, issuer)) is { } reason)
            {
                failure = $"its issuer {issuer.SubjectDN} {reason}";
                continue;
            }

            way.Add(issuer);
            if (isRoot || Extend(issuer, way, time, purpose, ref failure))
            {
                return true;
            }

            way.RemoveAt(way.Count - 1);
        }

        return false;
    }

    private static string? Refuse(X509Certificate certificate, DateTimeOffset time, string purpose)
    {
        if (time.UtcDateTime < certificate.NotBefore.ToUniversalTime() || time.UtcDateTime > certificate.NotAfter.ToUniversalTime())
        {
            return $"was not valid at {time:u} but from {certificate.NotBefore.ToUniversalTime():u} to {certificate.NotAfter.ToUniversalTime():u}";
        }

        foreach (string oid in certificate.GetCriticalExtensionOids() ?? new HashSet<string>())
        {
            if (!Understood.Contains(oid))
            {
                return $"has the extension {oid}, which must be obeyed and is not known";
            }
        }

        if (certificate.GetExtensionValue(X509Extensions.NameConstraints) is not null)
        {
            return "has name constraints, which are not supported";
        }

        return certificate.GetExtendedKeyUsage() is { Count: > 0 } purposes && !purposes.Any(id => id.Id == purpose || id.Id == ClientsOfAnyPurpose)
            ? $"is not for {(purpose == CodeSigning ? "signing code" : "time stamps")}"
            : null;
    }

    private static string? RefuseAuthority(X509Certificate issuer, int below)
    {
        if (issuer.GetBasicConstraints() < 0)
        {
            return "is no authority";
        }

        if (issuer.GetBasicConstraints() < below)
        {
            return "may not have so many authorities below it";
        }

        return issuer.GetKeyUsage() is { } usage && !(usage.Length > KeyCertSign && usage[KeyCertSign]) ? "may not sign certificates" : null;
    }

    private static string? RefuseSignature(X509Certificate child, X509Certificate issuer)
    {
        if (!SoundAlgorithms.Contains(child.SigAlgOid))
        {
            return $"has signed by the algorithm {child.SigAlgOid}, which does not count";
        }

        try
        {
            child.Verify(issuer.GetPublicKey());
            return null;
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            return "has not signed it";
        }
    }
}
