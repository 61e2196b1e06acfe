// What the checks of an image said, all together.
namespace Bootc.Deployments.Lint;

/// <summary>The results of all checks that were made.</summary>
/// <param name="Results">The checks that were made, in the order of their names.</param>
/// <param name="Skipped">How many were not: as was asked for, or because they are for another kind of root.</param>
public sealed record LintReport(IReadOnlyList<LintResult> Results, int Skipped)
{
    /// <summary>How many checks found nothing.</summary>
    public int Passed => Results.Count(result => result.IsPassed);

    /// <summary>How many checks found something that should be otherwise.</summary>
    public int Warnings => Results.Count(result => result is { IsPassed: false, Severity: LintSeverity.Warning });

    /// <summary>How many checks found something with which a host does not work.</summary>
    public int Failures => Results.Count(result => result is { IsPassed: false, Severity: LintSeverity.Fatal });
}
