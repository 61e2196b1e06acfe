// The requirement that nothing meets.
namespace Bootc.Signatures.Policy;

/// <summary><c>reject</c>: met by no image.</summary>
public sealed record Reject : PolicyRequirement
{
    /// <inheritdoc/>
    public override string Type => "reject";
}
