// The part of a policy that holds for an image.
namespace Bootc.Signatures.Policy;

/// <summary>Requirements, all of which an image must meet.</summary>
/// <param name="Scope">The part of the policy that they are from.</param>
/// <param name="Requirements">The requirements; there is at least one.</param>
public sealed record PolicyChoice(string Scope, IReadOnlyList<PolicyRequirement> Requirements);
