// Arbitrary strings as names of refs, by ostree-ext's scheme.
using System.Globalization;
using System.Text;

namespace Bootc.Import;

/// <summary>
/// Escapes strings so that they can be names of refs: letters, digits and dashes stay, a slash stays after one of them, an
/// underscore is doubled, all else is its code point in hexadecimal between underscores (<c>:</c> is <c>_3A_</c>).
/// </summary>
public static class RefEscape
{
    /// <summary>The escaped string.</summary>
    public static string Escape(string text)
    {
        ArgumentException.ThrowIfNullOrEmpty(text);
        var escaped = new StringBuilder();
        bool afterAlphanumeric = false;
        Rune[] runes = [.. text.EnumerateRunes()];
        for (int i = 0; i < runes.Length; i++)
        {
            Rune rune = runes[i];
            bool isAlphanumeric = rune.IsAscii && char.IsAsciiLetterOrDigit((char)rune.Value);
            _ = rune.Value switch
            {
                _ when isAlphanumeric => escaped.Append((char)rune.Value),
                '/' when afterAlphanumeric && i + 1 < runes.Length => escaped.Append('/'),
                '-' => escaped.Append('-'),
                '_' => escaped.Append("__"),
                _ => escaped.Append(CultureInfo.InvariantCulture, $"_{rune.Value:X2}_"),
            };
            afterAlphanumeric = isAlphanumeric;
        }

        return escaped.ToString();
    }

    /// <summary>The string that was escaped.</summary>
    /// <exception cref="FormatException">It is not of this scheme.</exception>
    public static string Unescape(string escaped)
    {
        var text = new StringBuilder();
        for (int i = 0; i < escaped.Length; i++)
        {
            char c = escaped[i];
            if (c != '_')
            {
                text.Append(char.IsAsciiLetterOrDigit(c) || c is '-' or '/' ? c : throw Malformed(escaped));
                continue;
            }

            int end = escaped.IndexOf('_', i + 1);
            if (end < 0)
            {
                throw Malformed(escaped);
            }

            if (end == i + 1)
            {
                text.Append('_');
            }
            else
            {
                text.Append(int.TryParse(escaped.AsSpan(i + 1, end - i - 1), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int value) && Rune.IsValid(value)
                    ? new Rune(value).ToString()
                    : throw Malformed(escaped));
            }

            i = end;
        }

        return text.ToString();
    }

    private static FormatException Malformed(string escaped) => new($"'{escaped}' is no escaped name of a ref");
}
