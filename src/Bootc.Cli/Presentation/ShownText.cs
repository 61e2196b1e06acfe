// Text of servers, archives and other programs, as a terminal and the journal may have it.
using System.Globalization;
using System.Text;

namespace Bootc.Cli.Presentation;

/// <summary>
/// Takes from text what would do something to a terminal or turn around how it reads, and makes an end of what has none.
/// </summary>
internal static class ShownText
{
    private const int MaximumLength = 16 * 1024;

    /// <summary>The text on one line.</summary>
    public static string Line(string text) => Lines(text).Replace('\n', ' ');

    /// <summary>The text with its lines.</summary>
    public static string Lines(string text) => Clean(text.Replace("\r", ""), MaximumLength);

    /// <summary>The text, all of it, with its lines.</summary>
    public static string All(ReadOnlySpan<char> text) => Clean(text, int.MaxValue);

    private static string Clean(ReadOnlySpan<char> text, int maximumLength)
    {
        var shown = new StringBuilder(Math.Min(text.Length, maximumLength));
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (shown.Length >= maximumLength)
            {
                return shown.Append('…').ToString();
            }

            shown.Append(IsShown(rune) ? rune.ToString() : "?");
        }

        return shown.ToString();
    }

    // Format characters are those that change the direction of text, and others that nobody sees.
    private static bool IsShown(Rune rune) => rune.Value is '\n' or '\t' || Rune.GetUnicodeCategory(rune) is not (
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator);
}
