// Who is logged in on a terminal.
using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Bootc.Updates.Agent;

/// <summary>Asks logind for sessions, and writes to their terminals.</summary>
internal static class LoggedInUsers
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    /// <summary>The terminals of sessions that have one; none where logind cannot be asked.</summary>
    public static IReadOnlyList<string> FindTerminals()
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo("loginctl", ["list-sessions", "--json=short"]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            Task<string> errors = process.StandardError.ReadToEndAsync();
            string sessions = process.StandardOutput.ReadToEnd();
            if (!process.WaitForExit(Limit))
            {
                process.Kill();
            }

            return process.HasExited && process.ExitCode == 0 ? ParseTerminals(sessions) : [];
        }
        catch (Exception e) when (e is Win32Exception or JsonException)
        {
            return [];
        }
    }

    /// <summary>The terminals in what <c>loginctl list-sessions --json=short</c> says.</summary>
    /// <exception cref="JsonException">It is no list of sessions.</exception>
    internal static IReadOnlyList<string> ParseTerminals(string sessions) =>
        [.. (JsonSerializer.Deserialize(sessions, AgentJson.Default.LoginSessionArray) ?? [])
            .Select(session => session.Tty)
            .OfType<string>()
            .Where(tty => tty.Length > 0 && tty != "-" && !tty.Split('/').Contains(".."))
            .Distinct(StringComparer.Ordinal)];

    /// <summary>Writes a message to all of them; a terminal that does not take it is passed over.</summary>
    public static void Tell(string message, DateTimeOffset now)
    {
        byte[] text = Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"\r\nMessage of the update agent of this host at {now.UtcDateTime:yyyy-MM-dd HH:mm} UTC:\r\n{Clean(message)}\r\n"));
        foreach (string terminal in FindTerminals())
        {
            try
            {
                using var stream = new FileStream("/dev/" + terminal, FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
                stream.Write(text);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
            {
                // Its user has just left.
            }
        }
    }

    // Names of releases are others' words, and a terminal does what it is told.
    private static string Clean(string message) => string.Concat(message.Select(character => char.IsControl(character) ? '?' : character));
}
