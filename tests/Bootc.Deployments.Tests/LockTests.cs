// Two programs never change one sysroot at the same time, whichever of them is libostree.
using System.Diagnostics;
using Bootc.Linux;
using Bootc.Testing;

namespace Bootc.Deployments.Tests;

public class LockTests
{
    // Long enough for the second program to come and find the lock taken.
    private const string SlowSync = "inject=syncfs:delay_enter=1s";

    [Fact]
    public async Task Second_writer_waits_and_is_told_for_whom()
    {
        Peer.Require("strace");
        using TestHost host = TwoDeployments();
        string[] before = Titles(host);
        Task<CommandResult> first = Task.Run(() => BootcProgram.RunTraced(["-o", "/dev/null", "-e", "trace=syncfs", "-e", SlowSync], "rollback", "--quiet", "--sysroot", host.Path));
        WaitUntilLocked(host);
        host.Progress.Messages.Clear();

        host.Rollback();

        Assert.Matches($"^Waiting for process [0-9]+ \\(bootc\\), which is changing {host.Path}$", host.Progress.Messages[0]);
        (await first).Succeeded();
        Assert.Equal(before, Titles(host)); // one rolled back, the other took that back
    }

    [Fact]
    public async Task We_wait_for_libostree()
    {
        Oracle.Require();
        Peer.Require("strace");
        using TestHost host = TwoDeployments();
        string[] before = Titles(host);
        string[] command = ["-f", "-o", "/dev/null", "-e", "trace=syncfs", "-e", SlowSync, .. Oracle.CommandLine("ostree", "admin", "set-default", "--sysroot", host.Path, "1")];
        Task<CommandResult> first = Task.Run(() => Peer.Run("strace", command));
        WaitUntilLocked(host);
        host.Progress.Messages.Clear();

        host.Rollback();

        Assert.Matches($"^Waiting for process [0-9]+ \\(ostree\\), which is changing {host.Path}$", host.Progress.Messages[0]);
        (await first).Succeeded();
        Assert.Equal(before, Titles(host));
    }

    [Fact]
    public async Task Libostree_waits_for_us()
    {
        Oracle.Require();
        using TestHost host = TwoDeployments();
        using Sysroot sysroot = Sysroot.Open(host.Path);
        Task<CommandResult> second;
        using (sysroot.Lock(waiting: null, TestContext.Current.CancellationToken))
        {
            second = Task.Run(() => host.Ostree("admin", "pin", "--sysroot", host.Path, "1"));

            await Task.WhenAny(second, Task.Delay(700));
            Assert.False(second.IsCompleted);
            Assert.False(host.Deployments[1].IsPinned);
        }

        (await second).Succeeded();
        Assert.True(host.Deployments[1].IsPinned);
    }

    [Fact]
    public void Wait_can_be_ended()
    {
        using var host = new TestHost();
        using Sysroot sysroot = Sysroot.Open(host.Path);
        using SysrootLock held = sysroot.Lock(waiting: null, TestContext.Current.CancellationToken);
        using Sysroot other = Sysroot.Open(host.Path);
        using var stop = new CancellationTokenSource();
        var told = new List<string>();

        Assert.Throws<OperationCanceledException>(() => other.Lock(
            message =>
            {
                told.Add(message);
                stop.Cancel();
            },
            stop.Token));

        Assert.Equal([$"Waiting for process {Environment.ProcessId} ({Process.GetCurrentProcess().ProcessName}), which is changing {host.Path}"], told.Select(Whole));

        // The kernel keeps the first 15 characters of a name.
        static string Whole(string message) => message.Replace($"({File.ReadAllText("/proc/self/comm").Trim()})", $"({Process.GetCurrentProcess().ProcessName})");
    }

    [Fact]
    public void Lock_is_free_after_an_operation_that_failed()
    {
        using var host = new TestHost();

        Assert.ThrowsAny<Exception>(() => host.Switch($"oci:{host.Images}:absent"));

        using DirectoryHandle root = DirectoryHandle.Open(host.Path);
        using FileLock? free = FileLock.TryAcquire(root, "ostree/lock", exclusive: true);
        Assert.NotNull(free);
    }

    private static void WaitUntilLocked(TestHost host)
    {
        using DirectoryHandle root = DirectoryHandle.Open(host.Path);
        while (true)
        {
            using FileLock? free = FileLock.TryAcquire(root, "ostree/lock", exclusive: true);
            if (free is null)
            {
                return;
            }

            free.Dispose();
            TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
            Thread.Sleep(5);
        }
    }

    private static TestHost TwoDeployments()
    {
        var host = new TestHost();
        host.Switch(OsImage.Create("1").WriteTo(host.Images));
        OsImage.Create("1").WithVersion("2").WriteTo(host.Images);
        host.Upgrade();
        return host;
    }

    private static string[] Titles(TestHost host) => [.. host.Deployments.Select(deployment => deployment.Entry.Title!)];
}
