// signedBy: simple signatures by the keys of a keyring.
using Bootc.Oci.Signatures;
using Bootc.Signatures.Policy;
using Bootc.Signatures.Sigstore;

namespace Bootc.Signatures.OpenPgp;

internal sealed class SimpleSigningVerifier : IRequirementVerifier
{
    private readonly SignedBy _requirement;
    private readonly KeyRing _keys;
    private readonly TimeProvider _clock;

    /// <exception cref="TrustRootException">The keys cannot be used.</exception>
    public SimpleSigningVerifier(SignedBy requirement, TimeProvider clock)
    {
        _requirement = requirement;
        _clock = clock;
        _keys = requirement.KeyType == SignedBy.GpgKeys
            ? KeyRing.Load(requirement.Keys)
            : throw new TrustRootException($"signatures by {requirement.KeyType} are not supported (nor are they by containers/image)");
    }

    public bool Concerns(ImageSignature signature) => signature is SimpleSignature;

    public SignatureEvidence Verify(ImageSignature signature, SignedImage image)
    {
        (byte[] content, string fingerprint) = _keys.Verify(((SimpleSignature)signature).Message, _clock.GetUtcNow());
        SignedPayload payload = SignedPayload.Parse(content, SignedPayload.SimpleSigning);
        image.Require(payload, _requirement.Identity);
        return new SignatureEvidence($"the OpenPGP key {fingerprint}", payload.DockerReference, null, signature.Origin);
    }
}
