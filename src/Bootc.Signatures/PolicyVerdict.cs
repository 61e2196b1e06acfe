// Whether an image may be used.
using Bootc.Oci.Model;

namespace Bootc.Signatures;

/// <summary>What a policy says of an image.</summary>
/// <param name="Policy">The policy's name.</param>
/// <param name="Scope">The part of it that holds for the image.</param>
/// <param name="Manifest">The digest of the manifest, or index, whose signatures were looked at.</param>
/// <param name="Requirements">The result for each requirement.</param>
public sealed record PolicyVerdict(string Policy, string Scope, Digest Manifest, IReadOnlyList<RequirementResult> Requirements)
{
    /// <summary>Whether the image may be used: all requirements are met.</summary>
    public bool IsAccepted => Requirements.Count > 0 && Requirements.All(result => result.IsMet);

    /// <summary>Whether that is by a signature, and not because none was asked for.</summary>
    public bool IsSigned => IsAccepted && Requirements.Any(result => result.Evidence is not null);

    /// <summary>Why the image may not be used: the requirements that are not met.</summary>
    public string Reason => string.Join("; ", Requirements.Where(result => !result.IsMet).Select(result => $"{result.Requirement.Description}: {result.Reason}"));
}
