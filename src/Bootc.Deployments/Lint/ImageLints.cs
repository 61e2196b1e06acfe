// Checks of an image while it is built: what would fail, or surprise, on each host that boots it.
using Bootc.Linux;
using Bootc.Ostree;

namespace Bootc.Deployments.Lint;

/// <summary>
/// The checks that <c>bootc container lint</c> makes, by the names and with the severity that bootc gives them
/// (https://bootc.dev/bootc/man/bootc-container-lint.8.html).
/// </summary>
public static class ImageLints
{
    /// <summary>All checks, in the order of their names.</summary>
    public static IReadOnlyList<ImageLint> All { get; } =
    [
        .. LayoutLints.All.Concat(KernelLints.All).Concat(VarLints.All).Concat(AccountLints.All).Concat(NameLints.All).OrderBy(lint => lint.Name, StringComparer.Ordinal),
    ];

    /// <summary>Makes the checks of a root.</summary>
    /// <param name="root">The root of the image.</param>
    /// <param name="isRunning">Whether this program runs in it.</param>
    /// <param name="skipped">The names of checks that are not to be made; names of none are no error.</param>
    public static LintReport Run(DirectoryHandle root, bool isRunning, IReadOnlyCollection<string> skipped)
    {
        LintRoot other = isRunning ? LintRoot.Alternative : LintRoot.Running;
        ImageLint[] lints = [.. All.Where(lint => lint.Root != other && !skipped.Contains(lint.Name))];
        return new LintReport([.. lints.Select(lint => Run(lint, root))], All.Count - lints.Length);
    }

    // What cannot be checked cannot pass either.
    private static LintResult Run(ImageLint lint, DirectoryHandle root)
    {
        try
        {
            return new LintResult(lint, lint.Severity, [.. lint.Check(root)]);
        }
        catch (Exception e) when (e is LinuxException or DeploymentException or OstreeException or FormatException)
        {
            return new LintResult(lint, LintSeverity.Fatal, [new LintFinding(e.Message)]);
        }
    }
}
