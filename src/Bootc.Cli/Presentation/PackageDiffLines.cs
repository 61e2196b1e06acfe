// How the packages of two deployments differ, a line each.
using Bootc.Import.Packages;

namespace Bootc.Cli.Presentation;

internal static class PackageDiffLines
{
    /// <summary>Writes what changed, was added and was removed.</summary>
    /// <param name="diff">The difference.</param>
    /// <param name="output">Where to.</param>
    /// <param name="security">Which packages are security fixes.</param>
    /// <param name="maximum">How many lines there may be; what is more is counted.</param>
    public static void Write(PackageDiff diff, TextWriter output, IReadOnlySet<Package>? security = null, int maximum = int.MaxValue)
    {
        string Mark(Package package) => security?.Contains(package) == true ? "  (security)" : "";
        string[] lines =
        [
            .. diff.Changed.Select(change => $"    {change.New.Name}  {change.Old.Version} -> {change.New.Version}{Mark(change.New)}"),
            .. diff.Added.Select(package => $"  + {package.Name}  {package.Version}{Mark(package)}"),
            .. diff.Removed.Select(package => $"  - {package.Name}  {package.Version}"),
        ];
        foreach (string line in lines.Take(maximum))
        {
            output.WriteLine(line);
        }

        if (lines.Length > maximum)
        {
            output.WriteLine($"    and {lines.Length - maximum} more");
        }
    }
}
