// Checks one signature against one requirement.
using Bootc.Oci.Signatures;

namespace Bootc.Signatures;

/// <summary>What a requirement asks of a signature, with its keys at hand.</summary>
internal interface IRequirementVerifier
{
    /// <summary>Whether the signature is of the kind that the requirement is about.</summary>
    bool Concerns(ImageSignature signature);

    /// <summary>Checks a signature.</summary>
    /// <exception cref="InvalidSignatureException">It does not meet the requirement.</exception>
    SignatureEvidence Verify(ImageSignature signature, SignedImage image);
}
