// What can be said of a pattern of file contexts without matching it.
using System.Text;

namespace Bootc.Ostree.SELinux;

/// <summary>Finds the fixed beginnings of patterns, by which most of them need not be tried.</summary>
internal static class PatternPrefix
{
    private const int MaximumPrefixes = 32;
    private const string Special = ".^$?*+|[({])}\\";

    private static readonly (string Name, string Members)[] Classes =
    [
        ("[:alnum:]", "a-zA-Z0-9"), ("[:alpha:]", "a-zA-Z"), ("[:digit:]", "0-9"), ("[:lower:]", "a-z"), ("[:upper:]", "A-Z"),
        ("[:xdigit:]", "0-9a-fA-F"), ("[:space:]", @"\s"), ("[:word:]", "a-zA-Z0-9_"),
    ];

    /// <summary>The path that a pattern without special characters stands for, or <see langword="null"/>.</summary>
    public static string? TryGetExact(string pattern)
    {
        var path = new StringBuilder(pattern.Length);
        for (int i = 0; i < pattern.Length; i++)
        {
            char c = pattern[i];
            if (c == '\\')
            {
                if (i + 1 == pattern.Length || !".^$?*+|[({])}-_,".Contains(pattern[i + 1]))
                {
                    return null;
                }

                c = pattern[++i];
            }
            else if (Special.Contains(c))
            {
                return null;
            }

            path.Append(c);
        }

        return path.ToString();
    }

    /// <summary>Texts of which each path that matches has one at its beginning.</summary>
    public static IReadOnlyCollection<string> Find(string pattern)
    {
        if (HasAlternativesOnTop(pattern))
        {
            return [""];
        }

        List<string> prefixes = [""];
        for (int i = 0; i < pattern.Length;)
        {
            if (ReadPiece(pattern, ref i) is not { } piece)
            {
                break;
            }

            char repeat = i < pattern.Length ? pattern[i] : '\0';
            if (repeat is '*' or '{' || prefixes.Count * (piece.Count + 1) > MaximumPrefixes)
            {
                break; // it may not be there at all
            }

            IEnumerable<string> added = prefixes.SelectMany(prefix => piece.Select(text => prefix + text));
            prefixes = [.. (repeat == '?' ? added.Concat(prefixes) : added).Distinct()];
            if (repeat == '+')
            {
                break;
            }

            i += repeat == '?' ? 1 : 0;
        }

        return prefixes;
    }

    /// <summary>The pattern with what .NET's expressions write otherwise.</summary>
    public static string Translate(string pattern)
    {
        foreach ((string name, string members) in Classes)
        {
            pattern = pattern.Replace(name, members, StringComparison.Ordinal);
        }

        return pattern;
    }

    // A character, or a group of alternatives that are nothing but characters.
    private static List<string>? ReadPiece(string pattern, ref int i)
    {
        if (ReadCharacter(pattern, ref i) is { } single)
        {
            return [single.ToString()];
        }

        if (pattern[i] != '(')
        {
            return null;
        }

        List<string> alternatives = [];
        var text = new StringBuilder();
        for (int at = i + 1; at < pattern.Length;)
        {
            if (pattern[at] is '|' or ')')
            {
                alternatives.Add(text.ToString());
                text.Clear();
                if (pattern[at++] == ')')
                {
                    i = at;
                    return alternatives;
                }
            }
            else if (ReadCharacter(pattern, ref at) is { } next && !(at < pattern.Length && pattern[at] is '?' or '*' or '+' or '{'))
            {
                text.Append(next);
            }
            else
            {
                return null;
            }
        }

        return null;
    }

    private static char? ReadCharacter(string pattern, ref int i)
    {
        char c = pattern[i];
        if (c == '\\')
        {
            if (i + 1 == pattern.Length || char.IsAsciiLetterOrDigit(pattern[i + 1]))
            {
                return null;
            }

            c = pattern[i + 1];
            i += 2;
            return c;
        }

        if (Special.Contains(c))
        {
            return null;
        }

        i++;
        return c;
    }

    private static bool HasAlternativesOnTop(string pattern)
    {
        int depth = 0;
        bool inClass = false;
        for (int i = 0; i < pattern.Length; i++)
        {
            switch (pattern[i])
            {
                case '\\':
                    i++;
                    break;
                case '[':
                    inClass = true;
                    break;
                case ']':
                    inClass = false;
                    break;
                case '(' when !inClass:
                    depth++;
                    break;
                case ')' when !inClass:
                    depth--;
                    break;
                case '|' when !inClass && depth == 0:
                    return true;
            }
        }

        return false;
    }
}
