// What the checks of an image said, line by line.
using Bootc.Deployments.Lint;

namespace Bootc.Cli.Presentation;

internal static class LintLines
{
    /// <summary>How many paths are shown of each finding, unless all are asked for.</summary>
    public const int ShownItems = 5;

    /// <summary>Writes what was found and how many checks passed, and returns whether the image is good.</summary>
    public static bool Write(LintReport report, bool areWarningsFatal, int shownItems, TextWriter output, TextWriter errors)
    {
        foreach (LintResult result in report.Results.Where(result => !result.IsPassed))
        {
            foreach (LintFinding finding in result.Findings)
            {
                output.WriteLine($"{(result.Severity == LintSeverity.Fatal ? "Failed lint" : "Lint warning")}: {result.Lint.Name}: {finding.Message}{(finding.Items.Count > 0 ? ":" : "")}");
                foreach (string item in finding.Items.Take(shownItems))
                {
                    output.WriteLine($"  {item}");
                }

                if (finding.Items.Count > shownItems)
                {
                    output.WriteLine($"  ...and {finding.Items.Count - shownItems} more");
                }
            }
        }

        output.WriteLine($"Checks passed: {report.Passed}");
        WriteCount("Checks skipped", report.Skipped, output);
        WriteCount("Warnings", report.Warnings, output);
        int failures = report.Failures + (areWarningsFatal ? report.Warnings : 0);
        WriteCount("error: Checks failed", failures, errors);
        return failures == 0;
    }

    private static void WriteCount(string what, int count, TextWriter output)
    {
        if (count > 0)
        {
            output.WriteLine($"{what}: {count}");
        }
    }
}
