// The checks that decide whether a boot went well.
using System.ComponentModel;
using System.Diagnostics;

namespace Bootc.Deployments.Health;

/// <summary>
/// Runs the programs in <c>required.d</c> and <c>wanted.d</c> of <c>/usr/lib/bootc/health.d</c> and <c>/etc/bootc/health.d</c>,
/// in the order of their names. One in /etc takes the place of the one of that name in /usr; a link to /dev/null there
/// switches it off.
/// </summary>
public static class HealthChecks
{
    private static readonly string[] Folders = ["usr/lib/bootc/health.d", "etc/bootc/health.d"];
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    /// <summary>Runs all checks below a root; those that are required first.</summary>
    public static IEnumerable<HealthCheck> Run(string root) =>
        Find(root, "required.d").Select(path => Run(path, isRequired: true)).Concat(Find(root, "wanted.d").Select(path => Run(path, isRequired: false)));

    private static IEnumerable<string> Find(string root, string kind)
    {
        var found = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (string folder in Folders.Select(folder => Path.Combine(root, folder, kind)).Where(Directory.Exists))
        {
            foreach (string path in Directory.EnumerateFiles(folder))
            {
                found[Path.GetFileName(path)] = path;
            }
        }

        return found.Values.Where(path => new FileInfo(path).LinkTarget != "/dev/null");
    }

    private static HealthCheck Run(string path, bool isRequired)
    {
        try
        {
            return new HealthCheck(Path.GetFileName(path), isRequired, Execute(path));
        }
        catch (Win32Exception e)
        {
            return new HealthCheck(Path.GetFileName(path), isRequired, $"it cannot be run: {e.Message}");
        }
    }

    private static string? Execute(string path)
    {
        string last = "";
        void Keep(object sender, DataReceivedEventArgs line) => last = string.IsNullOrWhiteSpace(line.Data) ? last : line.Data.Trim();
        using var process = new Process { StartInfo = new ProcessStartInfo(path) { RedirectStandardOutput = true, RedirectStandardError = true } };
        process.OutputDataReceived += Keep;
        process.ErrorDataReceived += Keep;
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        if (!process.WaitForExit(Limit))
        {
            process.Kill(entireProcessTree: true);
            return $"it took more than {Limit.TotalMinutes:F0} minutes";
        }

        process.WaitForExit(); // for the rest of what it printed
        return process.ExitCode == 0 ? null : $"exit code {process.ExitCode}{(last.Length == 0 ? "" : $", {last}")}";
    }
}
