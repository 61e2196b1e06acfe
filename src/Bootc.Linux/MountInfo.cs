// What is mounted where, as the kernel lists it.
using System.Globalization;
using System.Text;

namespace Bootc.Linux;

/// <summary>A line of /proc/self/mountinfo (proc_pid_mountinfo(5)).</summary>
/// <param name="Id">The mount's identifier, that of <see cref="FileStatus.MountId"/>.</param>
/// <param name="Device">The file system's device number, <c>major:minor</c>.</param>
/// <param name="Root">The directory of the file system that is mounted.</param>
/// <param name="MountPoint">Where it is mounted.</param>
/// <param name="Type">The type of the file system.</param>
/// <param name="Source">What was mounted.</param>
/// <param name="Options">The options of the file system, with commas between them.</param>
public sealed record MountInfo(ulong Id, string Device, string Root, string MountPoint, string Type, string Source, string Options)
{
    /// <summary>All mounts that this process sees, in the order in which they were made.</summary>
    public static IEnumerable<MountInfo> ReadAll()
    {
        foreach (string[] words in File.ReadLines("/proc/self/mountinfo").Select(line => line.Split(' ')))
        {
            int dash = Array.IndexOf(words, "-");
            if (dash > 5 && dash + 2 < words.Length && ulong.TryParse(words[0], NumberStyles.None, CultureInfo.InvariantCulture, out ulong id))
            {
                yield return new MountInfo(id, words[2], Unescape(words[3]), Unescape(words[4]), words[dash + 1], Unescape(words[dash + 2]), dash + 3 < words.Length ? Unescape(words[dash + 3]) : "");
            }
        }
    }

    // Space, tab, newline and backslash stand as three octal digits.
    private static string Unescape(string word)
    {
        if (!word.Contains('\\'))
        {
            return word;
        }

        var text = new StringBuilder();
        for (int i = 0; i < word.Length; i++)
        {
            if (word[i] == '\\' && i + 3 < word.Length && word.AsSpan(i + 1, 3).IndexOfAnyExceptInRange('0', '7') < 0)
            {
                text.Append((char)Convert.ToInt32(word.Substring(i + 1, 3), 8));
                i += 3;
            }
            else
            {
                text.Append(word[i]);
            }
        }

        return text.ToString();
    }
}
