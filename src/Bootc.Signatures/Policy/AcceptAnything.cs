// The requirement that is none.
namespace Bootc.Signatures.Policy;

/// <summary><c>insecureAcceptAnything</c>: met by every image, and proves nothing.</summary>
public sealed record AcceptAnything : PolicyRequirement
{
    /// <inheritdoc/>
    public override string Type => "insecureAcceptAnything";
}
