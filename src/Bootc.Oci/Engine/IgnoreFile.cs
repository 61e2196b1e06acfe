// Which files of a directory do not belong to a build's context.
using System.Text;
using System.Text.RegularExpressions;

namespace Bootc.Oci.Engine;

/// <summary>
/// The patterns of a .containerignore or .dockerignore, with the meaning that Docker gives them: the last one that matches a
/// file or a directory above it counts; <c>!</c> takes back; <c>**</c> stands for any number of directories.
/// </summary>
internal sealed class IgnoreFile
{
    private readonly List<(Regex Pattern, bool IsException)> _patterns = [];

    private IgnoreFile()
    {
    }

    /// <summary>Whether a file may be wanted although a directory above it is not.</summary>
    public bool HasExceptions { get; private set; }

    /// <summary>Reads the patterns.</summary>
    /// <exception cref="EngineException">A pattern is malformed.</exception>
    public static IgnoreFile Parse(IEnumerable<string> lines, string path)
    {
        var file = new IgnoreFile();
        foreach (string line in lines)
        {
            string pattern = line.TrimStart('\uFEFF').Trim();
            if (pattern.Length == 0 || line.StartsWith('#'))
            {
                continue;
            }

            bool isException = pattern[0] == '!';
            string cleaned = Clean(isException ? pattern[1..].Trim() : pattern);
            if (cleaned.Length == 0)
            {
                if (isException && pattern.Length == 1)
                {
                    throw new EngineException($"{path}: '!' takes nothing back: a pattern must follow it");
                }

                continue;
            }

            file._patterns.Add((ToRegex(cleaned, path), isException));
            file.HasExceptions |= isException;
        }

        return file;
    }

    /// <summary>Whether a file is left out.</summary>
    /// <param name="name">Its path in the context, with slashes and without one at the beginning.</param>
    public bool Ignores(string name)
    {
        bool ignored = false;
        foreach ((Regex pattern, bool isException) in _patterns)
        {
            if (ignored == isException && MatchesItOrAParent(pattern, name))
            {
                ignored = !isException;
            }
        }

        return ignored;
    }

    private static bool MatchesItOrAParent(Regex pattern, string name)
    {
        for (int end = name.Length; end > 0; end = name.LastIndexOf('/', end - 1))
        {
            if (pattern.IsMatch(name.AsSpan(0, end)))
            {
                return true;
            }
        }

        return false;
    }

    // Without a slash at either end, "." and "..".
    private static string Clean(string pattern)
    {
        var parts = new List<string>();
        foreach (string part in pattern.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            if (part == "..")
            {
                parts.RemoveRange(Math.Max(0, parts.Count - 1), Math.Min(1, parts.Count));
            }
            else if (part != ".")
            {
                parts.Add(part);
            }
        }

        return string.Join('/', parts);
    }

    private static Regex ToRegex(string pattern, string path)
    {
        var regex = new StringBuilder("^");
        for (int i = 0; i < pattern.Length; i++)
        {
            switch (pattern[i])
            {
                case '*' when i + 1 < pattern.Length && pattern[i + 1] == '*':
                    i++;
                    bool hasSlash = i + 1 < pattern.Length && pattern[i + 1] == '/';
                    i += hasSlash ? 1 : 0;
                    regex.Append(i + 1 == pattern.Length ? ".*" : "(.*/)?");
                    break;
                case '*':
                    regex.Append("[^/]*");
                    break;
                case '?':
                    regex.Append("[^/]");
                    break;
                case '[' when pattern.IndexOf(']', i + 1) is > 0 and int end:
                    string set = pattern[(i + 1)..end];
                    bool isNegated = set.StartsWith('^');
                    regex.Append(isNegated ? "[^" : "[").Append((isNegated ? set[1..] : set).Replace("[", @"\[")).Append(']');
                    i = end;
                    break;
                case '\\' when i + 1 < pattern.Length:
                    regex.Append(Regex.Escape(pattern[++i].ToString()));
                    break;
                default:
                    regex.Append(Regex.Escape(pattern[i].ToString()));
                    break;
            }
        }

        try
        {
            return new Regex(regex.Append(@"\z").ToString(), RegexOptions.NonBacktracking | RegexOptions.Singleline | RegexOptions.CultureInvariant);
        }
        catch (ArgumentException e)
        {
            throw new EngineException($"{path}: '{pattern}' is no pattern", e);
        }
    }
}
