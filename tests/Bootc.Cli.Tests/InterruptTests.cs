// Ctrl-C and SIGTERM while an image is fetched: the exit code says so, and the host is as it was.
using System.Diagnostics;
using System.Runtime.InteropServices;
using Bootc.Testing;

namespace Bootc.Cli.Tests;

public partial class InterruptTests
{
    [Theory]
    [InlineData(2, 130)]
    [InlineData(15, 143)]
    public void Signals_leave_the_host_as_it_was(int signal, int exitCode)
    {
        using var host = new CliHost();
        using var registry = new StallingRegistry(host.Images);
        host.Publish("1");
        host.Run("switch", "--quiet", registry.Image).Succeeded();
        registry.Stalled = host.Publish("2").LayerDigests[^1];
        string before = host.Run("status", "--format", "json").Succeeded();

        CommandResult result = Interrupt(host, registry, signal);

        Assert.Equal((exitCode, "error: interrupted; what boots next is as it was, and the next run takes up what was fetched\n"), (result.ExitCode, result.Error));
        Assert.Equal(before, host.Run("status", "--format", "json").Succeeded());
        registry.Stalled = null;
        Assert.StartsWith("Deployed: ", host.Run("upgrade").Succeeded(), StringComparison.Ordinal);
    }

    private static CommandResult Interrupt(CliHost host, StallingRegistry registry, int signal)
    {
        // Whoever runs the tests in the background may have had signals ignored, which programs inherit.
        var start = new ProcessStartInfo("env", ["--default-signal", CliHost.Executable, "upgrade", "--quiet", "--sysroot", host.Sysroot]) { RedirectStandardError = true, RedirectStandardOutput = true };
        using Process process = Process.Start(start)!;
        Assert.True(registry.IsStalled.Wait(TimeSpan.FromSeconds(60)));
        Assert.Equal(0, Kill(process.Id, signal));
        string error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        return new CommandResult("bootc upgrade", process.ExitCode, process.StandardOutput.ReadToEnd(), error);
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);
}
