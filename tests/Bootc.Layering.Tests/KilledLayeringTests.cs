// Killed at any step, the host boots what it booted before or what it was to boot, whole, and the next run ends as if nothing had happened.
using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Bootc.Testing;

namespace Bootc.Layering.Tests;

public sealed partial class KilledLayeringTests(DebianHost host) : IClassFixture<DebianHost>
{
    // Three of the steps a command, or as many as are asked for: each takes two runs more.
    private static readonly int s_points = int.TryParse(Environment.GetEnvironmentVariable("BOOTC_CRASH_POINTS"), CultureInfo.InvariantCulture, out int points) ? points : 3;
    private static readonly TimeSpan[] s_delays = [TimeSpan.Zero, TimeSpan.FromMilliseconds(20), TimeSpan.FromMilliseconds(100)];
    private static readonly string[] s_steps =
    [
        "Looking for packages", "Fetching packages", "Installing packages", "Looking after kernel and initramfs", "Storing what changed", "Deploying", "Writing boot entries", "Cleaning up",
    ];

    [Fact]
    public void A_killed_install_is_finished_by_the_next_run() =>
        KillAtEachStep(["package", "install", "hello-layer", "--idempotent"], () => host.Run((operation, cancellation) => operation.Reset(cancellation)));

    [Fact]
    public void A_killed_uninstall_is_finished_by_the_next_run() =>
        KillAtEachStep(["package", "uninstall", "hello-layer", "--idempotent"], () => host.Install("hello-layer"));

    [Fact]
    public void A_killed_change_of_the_image_with_packages_is_finished_by_the_next_run()
    {
        KillAtEachStep(["switch", DebianHost.ImageOf("v2")], () => host.Switch("v1"));
        Assert.Equal("hello\n", host.Chroot("hello-layer").Succeeded());
    }

    private void KillAtEachStep(string[] command, Action goBack)
    {
        Oracle.Require();
        host.Start();
        if (command[0] == "switch")
        {
            host.Install("hello-layer");
        }

        goBack();
        string[] old = Commits();
        string[] steps = [.. RunToStep(command, null, default).Said.Where(s_steps.Contains).Distinct()];
        string[] wanted = Commits();
        Assert.NotEqual(old[0], wanted[0]);
        int killed = 0;
        int every = Math.Max(1, steps.Length / s_points);
        foreach ((string step, TimeSpan delay) in steps.Where((_, i) => i % every == 0).Select((step, i) => (step, s_delays[i % s_delays.Length])))
        {
            goBack();
            string before = Commits()[0];
            killed += RunToStep(command, step, delay).IsKilled ? 1 : 0;

            string listed = DeploymentName().Match(Oracle.Run("ostree", "admin", "status", "--sysroot", host.Path).Succeeded()).Groups[1].Value;
            Assert.True(listed == before || listed == wanted[0], $"killed {delay} after '{step}', the host boots {listed}");
            Assert.Equal(listed, Commits()[0]);
            RunToStep(command, null, default);
            Assert.Equal(wanted[0], Commits()[0]);
            Assert.False(Directory.Exists(host["ostree/repo/tmp/bootc-layering"]), $"killed {delay} after '{step}', something is left over");
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"{string.Join(' ', command)}: killed {killed} times, at {string.Join(", ", steps)}");
        Assert.True(killed > 0, $"only {killed} runs were killed");
        host.AssertSound();
    }

    // Steps are told on the standard error output, a line each.
    private (List<string> Said, bool IsKilled) RunToStep(string[] command, string? step, TimeSpan delay)
    {
        var said = new List<string>();
        using Process process = Process.Start(new ProcessStartInfo(LayeredHost.Executable, [.. command, "--sysroot", host.Path]) { RedirectStandardError = true, RedirectStandardOutput = true })!;
        process.OutputDataReceived += static (_, _) => { };
        process.BeginOutputReadLine();
        while (process.StandardError.ReadLine() is { } line)
        {
            said.Add(line);
            if (line == step)
            {
                Thread.Sleep(delay);
                process.Kill();
                break;
            }
        }

        process.StandardError.ReadToEnd();
        process.WaitForExit();
        return (said, process.ExitCode == 128 + 9);
    }

    private string[] Commits() => [.. host.Deployments.Select(deployment => deployment.Commit.ToString())];

    [GeneratedRegex("^[* ] default ([0-9a-f]{64})\\.", RegexOptions.Multiline)]
    private static partial Regex DeploymentName();
}
