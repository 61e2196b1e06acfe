// sigstoreSigned, met by bundles that refer to images, as cosign makes them since version 3.
using Bootc.Oci.Signatures;
using Bootc.Signatures.Keys;
using Bootc.Signatures.Sigstore.Bundles;

namespace Bootc.Signatures.Sigstore;

internal sealed partial class SigstoreVerifier
{
    // What such a bundle says of an image is its digest alone; it has no name that signedIdentity could be compared with.
    private SignatureEvidence VerifyBundle(BundleSignature signature, SignedImage image)
    {
        if (_requirement.Pki is not null)
        {
            throw new InvalidSignatureException("the signature is in a bundle, and those do not count for 'pki'");
        }

        SigstoreBundle bundle = SigstoreBundle.Parse(signature.Bundle);
        BundleVerifier verifier = MakeVerifier(bundle);
        BundleEvidence evidence = VerifyByAny(verifier, bundle, SignedArtifact.FromBytes(image.Manifest, "the image's manifest"));
        return evidence.PredicateType is null or ImageBundle.PredicateType
            ? new SignatureEvidence(evidence.Signer, null, evidence.Time, signature.Origin)
            : throw new InvalidSignatureException($"the bundle holds a statement of the type {evidence.PredicateType}, and no signature of an image");
    }

    // A policy has the keys of logs, but not their names, and no authorities for timestamps. Entries of Rekor v2 need both: they name
    // the log by key and name together, and a timestamp tells when they were made. The host's trusted root has them; it adds no log
    // that the policy does not have.
    private BundleVerifier MakeVerifier(SigstoreBundle bundle)
    {
        bool mustBeLogged = _requirement.RekorKeys is not null;
        TrustedRoot? host = mustBeLogged && bundle.Entries.Any(entry => !entry.HasTime) ? _trustedRoot() : null;
        var root = new TrustedRoot(
            _logKeys.Select(key => host?.Logs.FirstOrDefault(log => log.Has(key)) ?? new LogInstance(key)),
            _roots.Select(certificate => new CertificateAuthority([certificate])),
            host?.TimestampAuthorities ?? []);
        return new BundleVerifier(root, new BundleDemands(LogEntry: mustBeLogged, Timestamps: host is not null && _requirement.Fulcio is not null, CertificateLog: false));
    }

    private BundleEvidence VerifyByAny(BundleVerifier verifier, SigstoreBundle bundle, SignedArtifact artifact)
    {
        if (_requirement.Fulcio is { } fulcio)
        {
            return verifier.Verify(bundle, ExpectedSigner.OfIdentity(fulcio.SubjectEmail, fulcio.OidcIssuer), artifact);
        }

        InvalidSignatureException? failure = null;
        foreach (PublicKey key in _keys)
        {
            try
            {
                return verifier.Verify(bundle, ExpectedSigner.OfKey(key), artifact);
            }
            catch (InvalidSignatureException e)
            {
                failure = e;
            }
        }

        throw failure!;
    }
}
