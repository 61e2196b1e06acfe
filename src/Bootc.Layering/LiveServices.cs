// What the system's own tools do at boot with what packages bring, done at once.
using System.ComponentModel;
using System.Diagnostics;
using Bootc.Deployments;

namespace Bootc.Layering;

/// <summary>Makes the users, directories and units of packages known to the running system.</summary>
internal static class LiveServices
{
    private static readonly string[][] Commands = [["systemd-sysusers"], ["systemd-tmpfiles", "--create", "--prefix=/var"], ["systemctl", "daemon-reload"]];

    /// <summary>Runs what is there. What fails is told; the next boot does it again.</summary>
    public static void Update(IOperationProgress progress)
    {
        foreach (string[] command in Commands)
        {
            try
            {
                using Process process = Process.Start(new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
                Task<string> output = process.StandardOutput.ReadToEndAsync();
                string error = process.StandardError.ReadToEnd();
                process.WaitForExit();
                _ = output.Result;
                if (process.ExitCode != 0)
                {
                    progress.Warn($"{string.Join(' ', command)} failed: {error.Trim()}");
                }
            }
            catch (Win32Exception)
            {
                // A system without it needs nothing of it.
            }
        }
    }
}
