// What one check of an image said.
namespace Bootc.Deployments.Lint;

/// <summary>The result of a check that was made.</summary>
/// <param name="Lint">The check.</param>
/// <param name="Severity">How bad it is: that of the check, or fatal where it could not be made.</param>
/// <param name="Findings">What it found; none where all is well.</param>
public sealed record LintResult(ImageLint Lint, LintSeverity Severity, IReadOnlyList<LintFinding> Findings)
{
    /// <summary>All is well.</summary>
    public bool IsPassed => Findings.Count == 0;
}
