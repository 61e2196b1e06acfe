// Whether a bundle proves that someone has signed something.
using Bootc.Signatures.Keys;
using Org.BouncyCastle.X509;

namespace Bootc.Signatures.Sigstore.Bundles;

/// <summary>Verifies bundles by a trusted root, without any network.</summary>
/// <remarks>
/// All that a bundle brings along must be good: one log entry or timestamp that does not verify is reason to refuse, whatever the
/// others say. At least one log must have the signature. Whoever has signed with a certificate must have done so while it was valid,
/// as a log or an authority for time stamps tells, and the certificate itself must have been logged.
/// </remarks>
public sealed class BundleVerifier
{
    private readonly TrustedRoot _root;
    private readonly BundleDemands _demands;
    private readonly TimestampVerifier _timestamps;

    /// <param name="root">Whose certificates, log entries and timestamps count.</param>
    public BundleVerifier(TrustedRoot root)
        : this(root, BundleDemands.All)
    {
    }

    /// <param name="root">Whose certificates, log entries and timestamps count.</param>
    /// <param name="demands">What is looked at.</param>
    internal BundleVerifier(TrustedRoot root, BundleDemands demands)
    {
        _root = root;
        _demands = demands;
        _timestamps = new TimestampVerifier(root.TimestampAuthorities);
    }

    /// <summary>Verifies a bundle.</summary>
    /// <exception cref="InvalidSignatureException">It does not prove that the signer has signed the artifact; the message says why.</exception>
    /// <exception cref="IOException">The artifact cannot be read.</exception>
    public BundleEvidence Verify(SigstoreBundle bundle, ExpectedSigner signer, SignedArtifact artifact)
    {
        (PublicKey key, byte[] der) = FindKey(bundle, signer);
        bundle.Content.Verify(key, artifact);
        var times = new List<DateTimeOffset>();
        List<LogInstance> logs = VerifyEntries(bundle, der, artifact, times);
        if (_demands.Timestamps)
        {
            times.AddRange(bundle.Timestamps.Select(timestamp => _timestamps.Verify(timestamp, bundle.Content.Signature)));
        }

        RequireLogsOfTime(logs, times);
        if (bundle.Certificate is { } certificate)
        {
            VerifyCertificate(certificate, times);
            RequireIdentity(certificate, signer);
        }

        string name = signer.PublicKey is null ? $"{signer.Identity} of {signer.Issuer}" : $"the {key.Kind} key {key.Fingerprint[..16]}";
        return new BundleEvidence(name, times.Count > 0 ? times.Min() : null, [.. logs.Select(log => log.ToString()).Distinct()], (bundle.Content as DsseEnvelope)?.ReadPredicateType());
    }

    private static (PublicKey Key, byte[] Der) FindKey(SigstoreBundle bundle, ExpectedSigner signer)
    {
        return (bundle.Certificate, signer.PublicKey) switch
        {
            (null, { } key) => (key, key.Der),
            ({ } certificate, null) => (KeyOf(certificate), certificate.GetEncoded()),
            (null, null) => throw new InvalidSignatureException("the bundle is signed by a key, not by someone who has a certificate"),
            _ => throw new InvalidSignatureException("the bundle is signed by someone who has a certificate, not by the key"),
        };
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

    private List<LogInstance> VerifyEntries(SigstoreBundle bundle, byte[] signer, SignedArtifact artifact, List<DateTimeOffset> times)
    {
        var logs = new List<LogInstance>();
        if (!_demands.LogEntry)
        {
            return logs;
        }

        if (bundle.Entries.Count == 0)
        {
            throw new InvalidSignatureException("the bundle has no log entry");
        }

        foreach (LogEntry entry in bundle.Entries)
        {
            entry.RequireProof(mustBePromised: bundle.Version == 1);
            (LogInstance log, DateTimeOffset? time) = entry.Verify(_root, bundle.Content, signer, artifact);
            logs.Add(log);
            if (time is { } logged)
            {
                times.Add(logged);
            }
        }

        return logs;
    }

    // A log that does not tell the time has signed at about the time that others tell.
    private static void RequireLogsOfTime(List<LogInstance> logs, List<DateTimeOffset> times)
    {
        foreach (LogInstance log in logs)
        {
            times.ForEach(log.RequireValid);
        }
    }

    private void VerifyCertificate(X509Certificate certificate, List<DateTimeOffset> times)
    {
        if (times.Count == 0)
        {
            throw new InvalidSignatureException("nothing proves when it was signed, and so whether the signer's certificate was valid then: there is neither a signed entry timestamp of a log nor a timestamp of an authority");
        }

        foreach (DateTimeOffset time in times)
        {
            X509Certificate issuer = FindIssuer(certificate, time);
            if (_demands.CertificateLog)
            {
                SignedCertificateTimestamps.Require(certificate, issuer, _root.CertificateLogs);
            }
        }
    }

    private X509Certificate FindIssuer(X509Certificate certificate, DateTimeOffset time)
    {
        string failure = $"the trusted root has no authority that counted at {time:u}";
        foreach (CertificateAuthority authority in _root.CertificateAuthorities.Where(authority => authority.Validity.Contains(time)))
        {
            try
            {
                return authority.MakeChain().RequireCodeSigning(certificate, time)[0];
            }
            catch (InvalidSignatureException e)
            {
                failure = e.Message;
            }
        }

        throw new InvalidSignatureException($"the signer's certificate does not count: {failure}");
    }

    private static void RequireIdentity(X509Certificate certificate, ExpectedSigner signer)
    {
        var subject = new CertificateSubject(certificate);
        if (!subject.Identities.Contains(signer.Identity))
        {
            throw new InvalidSignatureException($"the signer's certificate is for {subject}, not for {signer.Identity}");
        }

        string issuer = FulcioExtensions.IssuerOf(certificate);
        if (issuer != signer.Issuer)
        {
            throw new InvalidSignatureException($"the signer logged in at {issuer}, not at {signer.Issuer}");
        }
    }
}
