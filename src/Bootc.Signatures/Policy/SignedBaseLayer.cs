// The requirement of a signed base image.
namespace Bootc.Signatures.Policy;

/// <summary><c>signedBaseLayer</c>: the format has it, and neither containers/image nor this program verifies it: no image meets it.</summary>
/// <param name="Identity">What the base image must be.</param>
public sealed record SignedBaseLayer(SignedIdentity Identity) : PolicyRequirement
{
    /// <inheritdoc/>
    public override string Type => "signedBaseLayer";
}
