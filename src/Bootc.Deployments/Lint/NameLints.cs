// Checks of every name in an image.
using Bootc.Linux;

namespace Bootc.Deployments.Lint;

/// <summary>What names of files must be.</summary>
internal static class NameLints
{
    public static IReadOnlyList<ImageLint> All { get; } =
    [
        new("utf8", LintSeverity.Fatal, LintRoot.Any, "Names of files and targets of links must be UTF-8: an ostree commit holds no others.", Check),
    ];

    private static IEnumerable<LintFinding> Check(DirectoryHandle root)
    {
        var names = new List<string>();
        var targets = new List<string>();
        foreach (RootWalk.Step step in RootWalk.Walk(root, ""))
        {
            if (!FileName.IsUtf8(step.Name))
            {
                names.Add(ShownName.Of(step.Path));
            }
            else if (step.Kind == FileKind.SymbolicLink && !FileName.IsUtf8(step.Directory.ReadSymbolicLink(step.Name)))
            {
                targets.Add(ShownName.Of(step.Path));
            }
        }

        return [.. names.Count == 0 ? [] : (LintFinding[])[new("there are names that are not UTF-8", names)], .. targets.Count == 0 ? [] : (LintFinding[])[new("there are links whose targets are not UTF-8", targets)]];
    }
}
