// Where apt's settings send it on the host itself.
using System.Text.RegularExpressions;

namespace Bootc.Layering.Apt;

/// <summary>Finds the directories of the host that apt's sources name (sources.list(5)), so that the sandbox can be shown them.</summary>
internal static partial class AptSources
{
    /// <summary>The directories of <c>file:</c> and <c>copy:</c> repositories that are there.</summary>
    /// <param name="settings">The path of <c>/etc/apt</c>.</param>
    public static IReadOnlyList<string> FindLocalFolders(string settings)
    {
        string folder = Path.Combine(settings, "sources.list.d");
        IEnumerable<string> files = Directory.Exists(folder) ? Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal) : [];
        return [.. files.Prepend(Path.Combine(settings, "sources.list"))
            .Where(File.Exists)
            .SelectMany(file => Place().Matches(File.ReadAllText(file)))
            .Select(match => match.Groups[1].Value.TrimEnd('/'))
            .Where(path => path.Length > 0 && Directory.Exists(path))
            .Distinct()];
    }

    [GeneratedRegex(@"\b(?:file|copy):(?://)?(/[^\s\]]*)")]
    private static partial Regex Place();
}
