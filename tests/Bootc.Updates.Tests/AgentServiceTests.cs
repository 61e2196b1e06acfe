// The agent as a service, on a real sysroot: what goes wrong around it, it tells of, and goes on.
using System.Collections.Concurrent;
using Bootc.Deployments;
using Bootc.Oci;
using Bootc.Testing;
using Bootc.Updates.Agent;

namespace Bootc.Updates.Tests;

public sealed class AgentServiceTests : IDisposable
{
    private readonly TestDirectory _directory = new("agent");
    private readonly BlockingCollection<string> _log = [];

    public AgentServiceTests()
    {
        Peer.RequireRoot("deployments are owned by root and made immutable");
        Sysroot.Initialize(Root, "default");
        WrittenImage image = OsImage.Create("1").WriteTo(_directory["images"]);
        using (Sysroot sysroot = Sysroot.Open(Root))
        {
            new SwitchOperation(sysroot, new OciOptions(), new Silence()) { Target = OstreeImageReference.Unverified(ImageReference.Parse(image.Reference)) }.RunAsync(default).Wait();
        }

        _directory.Write("root/etc/machine-id", "0123456789abcdef0123456789abcdef\n");
        Configure("graph.document = \"/nowhere\"");
    }

    private string Root => _directory["root"];

    public void Dispose()
    {
        _directory.Dispose();
        _log.Dispose();
    }

    [Fact]
    public async Task A_full_disk_is_no_reason_to_stop()
    {
        string folder = Path.Combine(Root, "run/bootc"), ballast = Path.Combine(folder, "ballast");
        Directory.CreateDirectory(folder);
        CommandResult mount = Peer.Run("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder);
        Assert.SkipWhen(mount.ExitCode != 0, $"no file system can be mounted: {mount.Error}");
        Peer.Run("dd", "if=/dev/zero", $"of={ballast}", "bs=4k");
        await RunAsync(() =>
        {
            WaitFor("warning: what the agent does cannot be written down: ");
            WaitFor("warning: what the agent does cannot be written down: "); // and it goes on
            File.Delete(ballast);
            WaitUntil(() => File.Exists(Path.Combine(folder, "agent.json")));
        });

        Assert.StartsWith("looking for updates failed: /nowhere cannot be read", new AgentReportFile(Root).TryRead()!.Status);
    }

    [Fact]
    public async Task A_graph_that_is_garbage_or_gone_is_asked_for_until_it_is_one() => await RunAsync(() =>
    {
        string place = _directory["graph.yaml"];
        WaitFor("looking for updates failed: /nowhere cannot be read");
        File.WriteAllText(place, "nodes: [");
        Configure($"graph.document = \"{place}\"");
        _service!.Reload();
        WaitFor($"looking for updates failed: {place}:");
        File.WriteAllText(place, $"schema: bootc.update-graph/v1\nstream: stable\nrepository: example.com/os\nnodes: [{{version: '7', image: 'sha256:{new string('7', 64)}'}}]\n");
        WaitFor("the graph does not have the host's release: waiting until it does");
        Configure("graph = 7"); // a mistake in the settings, too
        _service.Reload();
        WaitFor("the settings were read anew and cannot be used, those before stay: ");
    });

    private AgentService? _service;

    private async Task RunAsync(Action watch)
    {
        using var stop = new CancellationTokenSource();
        _service = new AgentService(Root, Root, () => new Silence(), _log.Add);
        Task run = Task.Run(() => _service.RunAsync(stop.Token));
        try
        {
            await Task.Run(watch);
        }
        finally
        {
            await stop.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
        }
    }

    private void Configure(string graph) => _directory.Write("root/etc/bootc/agent.d/agent.toml", $"{graph}\nagent.timing.steady_interval_secs = 1\nagent.metrics.listen = \"none\"\n");

    private void WaitFor(string start)
    {
        var seen = new List<string>();
        while (_log.TryTake(out string? line, TimeSpan.FromSeconds(30)))
        {
            if (line.StartsWith(start, StringComparison.Ordinal))
            {
                return;
            }

            seen.Add(line);
        }

        throw new InvalidOperationException($"the agent did not say '{start}', but: {string.Join("; ", seen)}");
    }

    private static void WaitUntil(Func<bool> condition)
    {
        for (int i = 0; i < 300 && !condition(); i++)
        {
            Thread.Sleep(100);
        }

        Assert.True(condition());
    }
}
