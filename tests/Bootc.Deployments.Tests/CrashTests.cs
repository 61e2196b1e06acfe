// Killed at any file-system change, the host boots what it booted before or what it was to boot, whole, and the next run ends as if nothing had happened.
using System.Collections.Concurrent;
using System.Text.RegularExpressions;
using Bootc.Testing;

namespace Bootc.Deployments.Tests;

/// <remarks>BOOTC_CRASH_POINTS says at how many points each operation is killed; at all of them when it is <c>all</c>.</remarks>
public partial class CrashTests
{
    private const int DefaultPoints = 9;
    private const int KilledCode = 128 + 9;

    private const string Calls =
        "mkdir,mkdirat,rmdir,unlink,unlinkat,link,linkat,symlink,symlinkat,rename,renameat,renameat2,fallocate,ftruncate,fsync,fdatasync,syncfs,fchmod,fchmodat,fchown,fchownat,utimensat,fsetxattr,setxattr";

    [Fact]
    public void Killed_first_switch_is_finished_by_the_next_run()
    {
        using var host = new TestHost();
        string image = OsImage.Create("1").WriteTo(host.Images).Reference;

        KillAtManyPoints(host, ["switch", "--quiet", "--transport", "oci", image["oci:".Length..]], copy => copy.Switch(image));
    }

    [Fact]
    public void Killed_upgrade_to_a_new_kernel_is_finished_by_the_next_run()
    {
        using var host = new TestHost();
        host.Switch(OsImage.Create("1").WriteTo(host.Images));
        File.WriteAllText(host[host.Deployments[0].Path + "/etc/motd"], "mine");
        OsImage.Create("2", kernel: "7.0").WriteTo(host.Images);

        KillAtManyPoints(host, ["upgrade", "--quiet"], copy => copy.Upgrade());
    }

    [Fact]
    public void Killed_upgrade_that_drops_a_deployment_is_finished_by_the_next_run()
    {
        using TestHost host = TwoDeployments();
        OsImage.Create("1").WithVersion("3").WriteTo(host.Images);

        KillAtManyPoints(host, ["upgrade", "--quiet"], copy => copy.Upgrade());
    }

    [Fact]
    public void Killed_rollback_is_finished_by_the_next_run()
    {
        using TestHost host = TwoDeployments();
        string[] before = Names(host);

        KillAtManyPoints(host, ["rollback", "--quiet"], copy =>
        {
            if (Names(copy).SequenceEqual(before))
            {
                copy.Rollback();
            }
            else
            {
                copy.Switch(host.Deployments[0].Origin.Image!.Image.ToString()); // nothing to do but to clean up; rolling back once more would take it back
            }
        });
    }

    // With room in /boot for two kernels, one goes before the new one comes.
    [Fact]
    public void Killed_upgrade_without_room_for_a_third_kernel_is_finished_by_the_next_run()
    {
        const int BootMegabytes = 4;
        using TestHost host = TestHost.OnSmallDisk(BootMegabytes, "boot");
        host.Switch(WithLargeKernel("1").WriteTo(host.Images));
        WithLargeKernel("2").WriteTo(host.Images);
        host.Upgrade();
        string kept = Names(host)[0];
        WithLargeKernel("3").WriteTo(host.Images);

        KillAtManyPoints(host, ["upgrade", "--quiet"], copy => copy.Upgrade(), template => TestHost.CopyOnSmallDisk(template, BootMegabytes, "boot"), [kept]);
    }

    private static void KillAtManyPoints(TestHost template, string[] command, Action<TestHost> complete) =>
        KillAtManyPoints(template, command, complete, TestHost.CopyOf, null);

    private static void KillAtManyPoints(TestHost template, string[] command, Action<TestHost> complete, Func<TestHost, TestHost> copy, string[]? between)
    {
        Oracle.Require();
        Peer.Require("strace");
        string[] old = Names(template);
        using TestHost reference = copy(template);
        Change[] changes = ListChanges(reference, command);
        string[] wanted = Names(reference);
        string end = StateOf(reference);
        var killed = new ConcurrentBag<Change>();

        // Which of two sets of links is in force depends on how many swaps there were.
        string StateOf(TestHost host) => between is null ? host.State : SetOfLinks().Replace(host.State, "$1M");

        Parallel.ForEach(Choose(changes), new ParallelOptions { MaxDegreeOfParallelism = 2 }, change =>
        {
            using TestHost host = copy(template);
            string[] strace = ["-o", "/dev/null", "-e", $"trace={change.Call}", "-e", $"inject={change.Call}:signal=KILL:when={change.Number}"];
            if (BootcProgram.RunTraced(strace, [.. command, "--sysroot", host.Path]).ExitCode == KilledCode)
            {
                killed.Add(change);
            }

            AssertIsAmong(host, between is null ? [old, wanted] : [old, between, wanted], change);
            complete(host);
            string state = StateOf(host);
            string[] missing = [.. end.Split('\n').Except(state.Split('\n'))];
            string[] surplus = [.. state.Split('\n').Except(end.Split('\n'))];
            Assert.True(end == state, $"killed at {change}, the next run ended in another state, without\n{string.Join('\n', missing)}\nand with\n{string.Join('\n', surplus)}");
        });
        TestContext.Current.TestOutputHelper?.WriteLine($"{string.Join(' ', command)}: {changes.Length} changes, killed at {killed.Count}: {string.Join(", ", killed.OrderBy(change => Array.IndexOf(changes, change)))}");
        Assert.NotEmpty(killed);
    }

    // strace counts the calls of each kind for each thread; the first thread that comes to a number is the one killed.
    private static Change[] ListChanges(TestHost host, string[] command)
    {
        string log = host.Beside("changes");
        BootcProgram.RunTraced(["-o", log, "-e", "trace=" + Calls], [.. command, "--sysroot", host.Path]).Succeeded();
        var counts = new Dictionary<(string Thread, string Call), int>();
        var changes = new List<Change>();
        foreach (string line in File.ReadLines(log))
        {
            if (CallLine().Match(line) is { Success: true } call)
            {
                (string, string) key = (call.Groups[1].Value, call.Groups[2].Value);
                counts[key] = counts.GetValueOrDefault(key) + 1;
                changes.Add(new Change(call.Groups[2].Value, counts[key]));
            }
        }

        return [.. changes.Distinct()];
    }

    private static IEnumerable<Change> Choose(Change[] changes)
    {
        string? wanted = Environment.GetEnvironmentVariable("BOOTC_CRASH_POINTS");
        int points = Math.Clamp(wanted == "all" ? changes.Length : int.TryParse(wanted, out int given) ? given : DefaultPoints, 1, changes.Length);
        return Enumerable.Range(1, points).Select(i => changes[(int)((long)i * changes.Length / points) - 1]);
    }

    private static void AssertIsAmong(TestHost host, string[][] wholes, Change change)
    {
        string status = host.Ostree("admin", "status", "--sysroot", host.Path).Succeeded();
        string[] theirs = [.. DeploymentName().Matches(status).Select(match => match.Groups[1].Value)];
        string[] ours = Names(host);
        Assert.Equal(theirs, ours);
        Assert.True(wholes.Any(ours.SequenceEqual), $"killed at {change}, the host has {string.Join(", ", ours)}");
        using Sysroot sysroot = Sysroot.Open(host.Path);
        IReadOnlyList<string> findings = SysrootCheck.Run(sysroot, TestContext.Current.CancellationToken).Findings;
        Assert.True(findings.Count == 0, $"killed at {change}, the host has {string.Join(", ", findings)}");
    }

    private static TestHost TwoDeployments()
    {
        var host = new TestHost();
        host.Switch(OsImage.Create("1").WriteTo(host.Images));
        OsImage.Create("1").WithVersion("2").WriteTo(host.Images);
        host.Upgrade();
        return host;
    }

    private static OsImage WithLargeKernel(string version) => OsImage.Create(version, kernel: $"6.{version}").AddLayer(layer => layer.File($"usr/lib/modules/6.{version}/vmlinuz", new byte[1_300_000]));

    private static string[] Names(TestHost host) => [.. host.Deployments.Select(deployment => deployment.DirectoryName)];

    [GeneratedRegex("^[* ] default ([0-9a-f]{64}\\.[0-9]+)", RegexOptions.Multiline)]
    private static partial Regex DeploymentName();

    [GeneratedRegex("(ostree/[01]/|boot\\.[01]\\.)[01]")]
    private static partial Regex SetOfLinks();

    [GeneratedRegex("^([0-9]+) +([a-z0-9]+)\\(")]
    private static partial Regex CallLine();

    // A system call, and which one of its kind it is.
    private sealed record Change(string Call, int Number)
    {
        public override string ToString() => $"{Call} {Number}";
    }
}
