// File names as they can be shown on a terminal.
using System.Globalization;
using System.Text;

namespace Bootc.Deployments.Lint;

internal static class ShownName
{
    /// <summary>A file name in which bytes that are not UTF-8, and control characters, are shown as <c>\xFF</c>.</summary>
    public static string Of(string name)
    {
        var text = new StringBuilder(name.Length);
        for (int i = 0; i < name.Length; i++)
        {
            char c = name[i];
            if (char.IsHighSurrogate(c) && i + 1 < name.Length && char.IsLowSurrogate(name[i + 1]))
            {
                text.Append(c).Append(name[++i]);
            }
            else if (char.IsSurrogate(c) || char.IsControl(c))
            {
                text.Append(CultureInfo.InvariantCulture, $"\\x{(byte)c:X2}"); // U+DC80..U+DCFF stand for a byte
            }
            else
            {
                text.Append(c);
            }
        }

        return text.ToString();
    }
}
