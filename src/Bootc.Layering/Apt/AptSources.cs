// Where apt's settings send it.
using System.Text.RegularExpressions;

namespace Bootc.Layering.Apt;

/// <summary>Reads what apt's sources (sources.list(5)) say of places.</summary>
internal static partial class AptSources
{
    /// <summary>The directories of <c>file:</c> and <c>copy:</c> repositories that are there, so that the sandbox can be shown them.</summary>
    /// <param name="settings">The path of <c>/etc/apt</c>.</param>
    public static IReadOnlyList<string> FindLocalFolders(string settings) =>
        [.. FindFiles(settings)
            .SelectMany(file => Place().Matches(File.ReadAllText(file)))
            .Select(match => match.Groups[1].Value.TrimEnd('/'))
            .Where(path => path.Length > 0 && Directory.Exists(path))
            .Distinct()];

    /// <summary>Below which URIs, each with a slash at its end, the signed lists are; <see langword="null"/> where one is not plainly said.</summary>
    /// <param name="settings">The path of <c>/etc/apt</c>.</param>
    public static IReadOnlyList<string>? TryReadPlaces(string settings)
    {
        var places = new List<string>();
        foreach (string file in FindFiles(settings))
        {
            string[] lines = [.. File.ReadLines(file).Where(line => !line.StartsWith('#'))];
            bool isUnderstood = file.EndsWith(".sources", StringComparison.Ordinal) ? AddParagraphs(lines, places) : !file.EndsWith(".list", StringComparison.Ordinal) || AddLines(lines, places);
            if (!isUnderstood)
            {
                return null;
            }
        }

        return [.. places.Distinct()];
    }

    private static IEnumerable<string> FindFiles(string settings)
    {
        string folder = Path.Combine(settings, "sources.list.d");
        IEnumerable<string> files = Directory.Exists(folder) ? Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal) : [];
        return files.Prepend(Path.Combine(settings, "sources.list")).Where(File.Exists);
    }

    private static bool AddParagraphs(string[] lines, List<string> places)
    {
        foreach (string paragraph in string.Join('\n', lines.Select(line => line.TrimEnd())).Split("\n\n", StringSplitOptions.RemoveEmptyEntries))
        {
            Dictionary<string, string> fields = [];
            string field = "";
            foreach (string line in paragraph.Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                int colon = line.IndexOf(':');
                if (line[0] is ' ' or '\t')
                {
                    fields[field] = $"{fields.GetValueOrDefault(field)} {line.Trim()}";
                }
                else if (colon > 0)
                {
                    field = line[..colon].ToLowerInvariant();
                    fields[field] = line[(colon + 1)..].Trim();
                }
            }

            if (fields.Count == 0 || fields.GetValueOrDefault("enabled") is "no" or "false" or "without" or "off" or "disable" or "0")
            {
                continue;
            }

            string[] suites = Words(fields.GetValueOrDefault("suites") ?? "");
            if (suites.Length == 0 || !Words(fields.GetValueOrDefault("uris") ?? "").All(uri => Add(uri, suites, places)))
            {
                return false;
            }
        }

        return true;
    }

    private static bool AddLines(string[] lines, List<string> places)
    {
        foreach (string line in lines.Select(line => Options().Replace(line.Split('#')[0], " ")))
        {
            string[] words = Words(line);
            if (words.Length > 0 && (words is not [("deb" or "deb-src"), _, _, ..] || !Add(words[1], [words[2]], places)))
            {
                return false;
            }
        }

        return true;
    }

    // What apt makes of variables in suites, of lists of mirrors and of devices is its own affair.
    private static bool Add(string uri, string[] suites, List<string> places)
    {
        string scheme = uri.Split(':')[0];
        if (scheme is not ("http" or "https" or "file") || uri.Contains('@') || suites.Any(suite => suite.Contains('$')))
        {
            return false;
        }

        places.AddRange(suites.Select(suite => suite.EndsWith('/') ? $"{uri.TrimEnd('/')}/{suite}" : $"{uri.TrimEnd('/')}/dists/{suite}/"));
        return true;
    }

    private static string[] Words(string text) => text.Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries);

    [GeneratedRegex(@"\b(?:file|copy):(?://)?(/[^\s\]]*)")]
    private static partial Regex Place();

    [GeneratedRegex(@"\[[^\]]*\]")]
    private static partial Regex Options();
}
