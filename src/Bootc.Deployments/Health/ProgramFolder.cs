// A folder of programs that the image and the host's owner put there, to be run at some moment.
using System.ComponentModel;
using System.Diagnostics;

namespace Bootc.Deployments.Health;

/// <summary>
/// Runs the programs in a folder of <c>/usr/lib/bootc</c> and the folder of that name in <c>/etc/bootc</c>, in the order of their
/// names. One in /etc takes the place of the one of that name in /usr; a link to /dev/null there switches it off.
/// </summary>
public static class ProgramFolder
{
    private static readonly string[] Places = ["usr/lib/bootc", "etc/bootc"];
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan RestOfOutput = TimeSpan.FromSeconds(5);

    /// <summary>Runs them one after another, each when it is asked for.</summary>
    /// <param name="root">The root below which the folders are.</param>
    /// <param name="folder">The folder's name, as <c>pre-reboot.d</c>.</param>
    /// <returns>Each program's name, and why it failed: its exit code and the last line that it printed; <see langword="null"/> when it did not.</returns>
    public static IEnumerable<(string Name, string? Failure)> Run(string root, string folder) => Find(root, folder).Select(path => (Path.GetFileName(path), Run(path)));

    private static IEnumerable<string> Find(string root, string folder)
    {
        var found = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (string place in Places.Select(place => Path.Combine(root, place, folder)).Where(Directory.Exists))
        {
            foreach (string path in Directory.EnumerateFiles(place))
            {
                found[Path.GetFileName(path)] = path;
            }
        }

        return found.Values.Where(path => new FileInfo(path).LinkTarget != "/dev/null");
    }

    private static string? Run(string path)
    {
        try
        {
            return Execute(path);
        }
        catch (Win32Exception e)
        {
            return $"it cannot be run: {e.Message}";
        }
    }

    private static string? Execute(string path)
    {
        string last = "";
        var ends = new CountdownEvent(2); // of both streams; not disposed, since they may end later
        void Keep(object sender, DataReceivedEventArgs line)
        {
            if (line.Data is null)
            {
                ends.Signal();
            }

            last = string.IsNullOrWhiteSpace(line.Data) ? last : line.Data.Trim();
        }

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

        ends.Wait(RestOfOutput); // what it left running may keep the pipes open for ever
        process.OutputDataReceived -= Keep;
        process.ErrorDataReceived -= Keep;
        return process.ExitCode == 0 ? null : $"exit code {process.ExitCode}{(last.Length == 0 ? "" : $", {last}")}";
    }
}
