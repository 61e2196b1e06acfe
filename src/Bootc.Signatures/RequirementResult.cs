// Whether an image meets one requirement, and why.
using Bootc.Signatures.Policy;

namespace Bootc.Signatures;

/// <summary>The result for one requirement.</summary>
/// <param name="Requirement">The requirement.</param>
/// <param name="IsMet">Whether it is met.</param>
/// <param name="Evidence">The signature that meets it, if it asks for one.</param>
/// <param name="Reason">Why it is not met.</param>
public sealed record RequirementResult(PolicyRequirement Requirement, bool IsMet, SignatureEvidence? Evidence, string? Reason)
{
    /// <inheritdoc/>
    public override string ToString() => $"{(IsMet ? "met" : "not met")}: {Requirement.Description}{(Evidence is { } evidence ? $": {evidence}" : Reason is { } reason ? $": {reason}" : "")}";
}
