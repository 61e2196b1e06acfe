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
            string? fatal = lines.LastOrDefault(line => line.StartsWith("fatal: ", StringComparison.Ordinal) || line.StartsWith("error: ", StringComparison.Ordinal) || line.StartsWith("remote: ", StringComparison.Ordinal));
            return fatal is not null && lines.FirstOrDefault(line => line != fatal && !line.StartsWith("From ", StringComparison.Ordinal)) is { } first && fatal.StartsWith("fatal: Could not read", StringComparison.Ordinal)
                ? first : fatal ?? lines.LastOrDefault() ?? $"exit code {ExitCode}";
        }
    }

    // What a server says goes to logs and terminals.
    private static string Clean(string line) => new([.. line.Trim().Where(c => !char.IsControl(c)).Take(400)]);
}
