// How a run of git ended.
using System.Text;

namespace Bootc.Updates.Git;

/// <summary>The end of a run.</summary>
/// <param name="ExitCode">Its exit code.</param>
/// <param name="Output">What it wrote.</param>
/// <param name="Error">The last of what it complained of.</param>
internal sealed record GitResult(int ExitCode, byte[] Output, string Error)
{
    /// <summary>What it wrote, as text without the line's end.</summary>
    public string Text => Encoding.UTF8.GetString(Output).Trim();

    /// <summary>Its complaint in one line.</summary>
    public string Complaint
    {
        get
        {
            string[] lines = [.. Error.Split('\n').Select(Clean).Where(line => line.Length > 0 && !line.StartsWith("hint:", StringComparison.Ordinal))];
            string? first = Array.Find(lines, line => line.StartsWith("error: ", StringComparison.Ordinal) || line.StartsWith("fatal: ", StringComparison.Ordinal));
            return first?.StartsWith("fatal: Could not read from remote", StringComparison.Ordinal) == true ? lines[0] : first ?? lines.LastOrDefault() ?? $"exit code {ExitCode}"; // ssh speaks before git does
        }
    }

    // What a server says goes to logs and terminals.
    private static string Clean(string line) => new([.. line.Trim().Where(c => !char.IsControl(c)).Take(400)]);
}
