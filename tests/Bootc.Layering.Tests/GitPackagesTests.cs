// Documents in a Git repository that want packages: a Debian host gets them, out of a repository made here, and loses them again.
using System.Text.Json.Nodes;
using Bootc.Deployments;
using Bootc.Oci;
using Bootc.Testing;
using Bootc.Updates.Agent;
using Bootc.Updates.Git;
using Bootc.Updates.Graph;

namespace Bootc.Layering.Tests;

public sealed class GitPackagesTests : IClassFixture<DebianHost>, IDisposable
{
    private readonly TestDirectory _directory = new("git-packages");
    private readonly CancellationToken _cancellation = TestContext.Current.CancellationToken;
    private readonly DebianHost _host;
    private readonly GitWorkTree _tree;
    private readonly GitSettings _settings;

    public GitPackagesTests(DebianHost host)
    {
        _host = host;
        _host.Start();
        _tree = new GitWorkTree(_directory);
        _settings = new GitSettings { Url = _tree.Url, AllowedSigners = _directory.Write("allowed", _tree.AllowedSigners), Interval = TimeSpan.FromMilliseconds(1), Timeout = TimeSpan.FromSeconds(60) };
    }

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Packages_of_a_document_come_with_a_commit_stay_with_another_image_and_go_with_the_next_commit()
    {
        Commit("packages: [hello-layer]");
        GitHost host = Follow();
        await ConvergeAsync(host, "+ package hello-layer");
        Assert.Equal("hello\n", _host.Chroot("hello-layer").Succeeded());
        Assert.Equal("ii  hello-data\nii  hello-layer\n", _host.Chroot("dpkg-query -W -f '${db:Status-Abbrev} ${Package}\\n' hello-data hello-layer").Succeeded());
        Assert.Equal("hello-layer;", _host.Default.Origin.File.GetString("packages", "requested"));

        Commit($"image: {{image: '{DebianHost.ImageOf("v2")}'}}, packages: [hello-layer], kernelArguments: {{present: [quiet]}}");
        await ConvergeAsync(host);
        Assert.Equal("version 2\n", File.ReadAllText(_host.InDefault("usr/share/example/version")));
        Assert.Equal("hello\n", _host.Chroot("hello-layer").Succeeded());

        Commit($"image: {{image: '{DebianHost.ImageOf("v2")}'}}, packages: []");
        await ConvergeAsync(host);
        Assert.False(File.Exists(_host.InDefault("usr/bin/hello-layer")));
        Assert.False(_host.Default.Origin.File.HasGroup("packages"));
        _host.AssertSound();
    }

    [Fact]
    public async Task Packages_that_cannot_be_had_leave_the_host_as_it_was_and_the_status_branch_says_so()
    {
        string commit = Commit("packages: [hello-layer, no-such-package]");
        string before = _host.State;
        GitHost host = Follow();
        UpdateDecision decision = await host.DecideAsync(_cancellation);

        LayeringException error = await Assert.ThrowsAsync<LayeringException>(() => host.StageAsync(decision.Target!, _cancellation));

        Assert.Contains("no-such-package", error.Message);
        Assert.Equal(before, _host.State);
        Assert.Equal((HostState.Failed, $"commit {commit[..12]} cannot be had: {error.Message}"), (host.Report!.State, host.Report.Message));

        JsonNode status = await RunAgentUntilAsync("failed");
        Assert.Equal((commit, "+ package hello-layer, + package no-such-package"), ((string?)status["commit"], string.Join(", ", status["differences"]!.AsArray().Select(line => (string?)line))));
        Assert.Contains("no-such-package", (string?)status["message"]);
        Assert.Equal(before, _host.State);

        Commit("packages: []");
        await RunAgentUntilAsync("inSync");
        Assert.Equal(before, _host.State);
    }

    private GitHost Follow() => new(
        _host.Path, new GitSource(_settings, new HostIdentity("web1", null, new Dictionary<string, string>()), _directory["root"]), _settings, new OciOptions { Root = _directory["root"] }, () => new RecordedProgress())
    { ReadBoot = () => "1" };

    private async Task ConvergeAsync(GitHost host, string? difference = null)
    {
        UpdateDecision decision = await host.DecideAsync(_cancellation);
        Assert.Equal(UpdateDecisionKind.Update, decision.Kind);
        Assert.Equal(difference ?? host.Report!.Differences![0], host.Report!.Differences![0]);
        await host.StageAsync(decision.Target!, _cancellation);
        await host.DecideAsync(_cancellation);
        Assert.Equal((HostState.InSync, null), (host.Report!.State, host.Report.Differences));
    }

    // The agent itself, as it runs on hosts.
    private async Task<JsonNode> RunAgentUntilAsync(string state)
    {
        Directory.CreateDirectory(_directory["agent/etc/bootc/agent.d"]);
        _directory.Write("agent/etc/machine-id", "0123456789abcdef0123456789abcdef\n");
        _directory.Write("agent/etc/bootc/agent.d/50.toml", $"""
            agent.metrics.listen = "none"
            [updates]
            strategy = "git"
            [updates.git]
            url = "{_tree.Url}"
            host = "web1"
            allowed_signers = "{_settings.AllowedSigners}"
            interval_secs = 1
            [updates.git.status]
            to = "branch"
            interval_secs = 1
            """);
        using var stop = new CancellationTokenSource();
        Task run = Task.Run(() => new AgentService(_directory["agent"], _host.Path, () => new RecordedProgress(), static _ => { }).RunAsync(stop.Token), _cancellation);
        string shown = "";
        for (int i = 0; i < 600 && !run.IsCompleted; i++)
        {
            CommandResult result = GitWorkTree.Run("-C", _tree.Path, "show", "bootc-status:status/web1.json");
            shown = result.ExitCode == 0 ? result.Output : result.Error;
            if (shown.Contains($"\"state\": \"{state}\"", StringComparison.Ordinal))
            {
                await stop.CancelAsync();
                await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
                return JsonNode.Parse(shown)!;
            }

            await Task.Delay(200, _cancellation);
        }

        await stop.CancelAsync();
        throw new InvalidOperationException($"the status branch does not say '{state}', but: {shown}");
    }

    private string Commit(string spec) => _tree.Commit("web1.yaml", $"apiVersion: org.containers.bootc/v1\nkind: BootcHost\nmetadata: {{name: web1}}\nspec: {{{spec}}}\n");
}
