// sigstoreSigned, met by bundles that refer to images, as cosign makes them since version 3.
using Bootc.Oci.Signatures;
using Bootc.Signatures.Keys;
using Bootc.Signatures.Sigstore.Bundles;

namespace Bootc.Signatures.Sigstore;

internal sealed partial class SigstoreVerifier
{
    private const string SignaturePredicate = "https://sigstore.dev/cosign/sign/v1"; // sigstore/cosign, specs/BUNDLE_SPEC.md

    // What such a bundle says of an image is its digest alone; it has no name that signedIdentity could be compared with.
    private SignatureEvidence VerifyBundle(BundleSignature signature, SignedImage image)
    {
        if (_requirement.Pki is not null)
        {
            throw new InvalidSignatureException("the signature is in a bundle, and those do not count for 'pki'");
        }

        SigstoreBundle bundle = SigstoreBundle.Parse(signature.Bundle);
        var verifier = new BundleVerifier(
            new TrustedRoot(_logKeys.Select(key => new LogInstance(key)), _roots.Select(root => new CertificateAuthority([root]))),
            new BundleDemands(LogEntry: _requirement.RekorKeys is not null, Timestamps: false, CertificateLog: false));
        BundleEvidence evidence = VerifyByAny(verifier, bundle, SignedArtifact.FromBytes(image.Manifest, "the image's manifest"));
        return evidence.PredicateType is null or SignaturePredicate
            ? new SignatureEvidence(evidence.Signer, null, evidence.Time, signature.Origin)
            : throw new InvalidSignatureException($"the bundle holds a statement of the type {evidence.PredicateType}, and no signature of an image");
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
