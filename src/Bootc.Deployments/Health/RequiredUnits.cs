// Units without which a boot does not count as complete, by systemd's own word.
using System.ComponentModel;
using System.Diagnostics;

namespace Bootc.Deployments.Health;

/// <summary>
/// The units that <c>boot-complete.target</c> requires besides the health check itself: an image that needs a service says so
/// with <c>RequiredBy=boot-complete.target</c> and <c>Before=boot-complete.target</c> (systemd.special(7)).
/// </summary>
internal static class RequiredUnits
{
    private const string Own = "bootc-health-check.service";
    private const string RunningSystemd = "/run/systemd/system"; // sd_booted(3)
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(500);

    /// <summary>Waits until they have started or failed, and says which did not start.</summary>
    public static IEnumerable<HealthCheck> Check() => Directory.Exists(RunningSystemd) ? List().Select(unit => new HealthCheck(unit, true, Wait(unit))) : [];

    private static IEnumerable<string> List() =>
        Show("Requires", "boot-complete.target").Split(' ', StringSplitOptions.RemoveEmptyEntries).Where(unit => unit != Own && !unit.EndsWith(".target", StringComparison.Ordinal));

    private static string? Wait(string unit)
    {
        var clock = Stopwatch.StartNew();
        string state;
        while ((state = Show("ActiveState", unit)) is "activating" or "reloading" or "deactivating" && clock.Elapsed < Limit)
        {
            Thread.Sleep(Poll);
        }

        return state switch
        {
            "active" => null,
            "failed" => $"the unit failed ({Show("Result", unit)})",
            _ => $"the unit is {state}",
        };
    }

    private static string Show(string property, string unit)
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo("systemctl", ["show", "--property", property, "--value", unit]) { RedirectStandardOutput = true })!;
            string value = process.StandardOutput.ReadToEnd().Trim();
            process.WaitForExit();
            return value;
        }
        catch (Win32Exception)
        {
            return ""; // no systemctl: nothing is known of units
        }
    }
}
