// A host that a repository leads: from a signed commit to deployments of a real sysroot.
using Bootc.Deployments;
using Bootc.Deployments.Health;
using Bootc.Oci;
using Bootc.Testing;
using Bootc.Updates.Agent;
using Bootc.Updates.Git;
using Bootc.Updates.Graph;
using Bootc.Updates.Strategies;

namespace Bootc.Updates.Tests;

public sealed class GitHostTests : IDisposable
{
    private readonly TestRepository _repository = new();
    private readonly SettableClock _clock = new(DateTimeOffset.Parse("2026-01-05T12:00:00Z")); // a Monday
    private readonly CancellationToken _cancellation = TestContext.Current.CancellationToken;
    private string _boot = "1";

    public GitHostTests()
    {
        Peer.RequireRoot("deployments are owned by root and made immutable");
        Sysroot.Initialize(Sysroot0, "default");
        Publish("1");
        Run(sysroot => new SwitchOperation(sysroot, new OciOptions(), new Silence()) { Target = Reference("latest") }.RunAsync(_cancellation));
    }

    private string Sysroot0 => _repository["sysroot"];

    private string Images => _repository["images"];

    public void Dispose() => _repository.Dispose();

    [Fact]
    public async Task A_commit_changes_image_and_kernel_arguments_and_the_host_is_in_sync_then()
    {
        Publish("2", "next");
        string commit = Commit("image: {image: '{IMAGES}:next', transport: oci}, kernelArguments: {present: [quiet, 'console=ttyS0'], absent: [rhgb]}");
        GitHost host = Host();

        UpdateDecision decision = await host.DecideAsync(_cancellation);
        Assert.Equal((UpdateDecisionKind.Update, $"commit {commit[..12]}", HostState.Pending), (decision.Kind, decision.Target!.Version, host.Report!.State));
        Assert.Equal(
            [$"~ image ostree-unverified-image:oci:{Images}:latest -> ostree-unverified-image:oci:{Images}:next", "~ release sha256:", "+ kernel argument quiet", "+ kernel argument console=ttyS0"],
            host.Report.Differences!.Select(line => line.StartsWith("~ release") ? line[..17] : line));
        await host.StageAsync(decision.Target, _cancellation);

        decision = await host.DecideAsync(_cancellation);
        Assert.Equal((UpdateDecisionKind.UpToDate, $"the host is as commit {commit[..12]} wants it", HostState.InSync, "2"), (decision.Kind, decision.Describe(), host.Report!.State, host.Report.Version));
        Assert.Equal(["console=ttyS0", "quiet"], Arguments().Intersect(["quiet", "console=ttyS0"]).Order());
        Assert.Contains("# commit " + commit, Bootc("gitops", "diff"));
    }

    [Fact]
    public async Task What_documents_do_not_want_any_more_goes_and_what_they_never_spoke_of_stays()
    {
        Run(sysroot => Task.FromResult(new KernelArgumentsOperation(sysroot, new Silence()).Run(new KernelArgumentsEdit { Append = ["mine=1", "rhgb"] }, _cancellation)));
        Commit("kernelArguments: {present: [a=1, b=1]}");
        GitHost host = Host();
        await Converge(host);
        Assert.Equal(["mine=1", "rhgb", "a=1", "b=1"], Arguments());

        Commit("kernelArguments: {present: [b=2], absent: [rhgb]}");
        await Converge(host);
        Assert.Equal(["mine=1", "b=2"], Arguments());
        Assert.Equal(HostState.InSync, host.Report!.State);
    }

    [Fact]
    public async Task An_image_that_a_document_binds_and_that_cannot_be_had_is_told_of()
    {
        Peer.Require("podman");
        string commit = Commit("boundImages: ['127.0.0.1:1/apps/agent:1']");
        GitHost host = Host();
        UpdateDecision decision = await host.DecideAsync(_cancellation);
        Assert.Equal(["+ bound image 127.0.0.1:1/apps/agent:1"], host.Report!.Differences!);

        DeploymentException error = await Assert.ThrowsAnyAsync<DeploymentException>(() => host.StageAsync(decision.Target!, _cancellation));

        Assert.StartsWith("the bound image 127.0.0.1:1/apps/agent:1 (asked for on this host) cannot be fetched: ", error.Message);
        Assert.Equal((HostState.Failed, $"commit {commit[..12]} cannot be had: {error.Message}"), (host.Report.State, host.Report.Message));
    }

    [Fact]
    public async Task What_is_not_wanted_any_more_is_not_staged()
    {
        string first = Commit("kernelArguments: {present: [quiet]}");
        GitHost host = Host();
        UpdateDecision decision = await host.DecideAsync(_cancellation);
        string second = Commit("kernelArguments: {present: [debug]}");

        ReleaseOutdatedException error = await Assert.ThrowsAsync<ReleaseOutdatedException>(() => host.StageAsync(decision.Target!, _cancellation));

        Assert.Equal($"commit {first[..12]} is not wanted any more: commit {second[..12]} is", error.Message);
        Assert.DoesNotContain("quiet", Arguments());
    }

    [Fact]
    public async Task Drift_is_healed_or_left_as_the_settings_say()
    {
        string commit = Commit("kernelArguments: {present: [quiet]}");
        GitHost host = Host();
        await Converge(host);
        Run(sysroot => Task.FromResult(new KernelArgumentsOperation(sysroot, new Silence()).Run(new KernelArgumentsEdit { Delete = ["quiet"] }, _cancellation)));

        GitHost left = Host(_repository.Settings with { HealsDrift = false });
        UpdateDecision decision = await left.DecideAsync(_cancellation);
        Assert.Equal((UpdateDecisionKind.UpToDate, $"the host was changed against commit {commit[..12]}, and is left so (updates.git.drift): + kernel argument quiet", HostState.Drifted), (decision.Kind, decision.Describe(), left.Report!.State));

        await Converge(host);
        Assert.Contains("quiet", Arguments());
    }

    [Fact]
    public async Task A_newer_image_under_the_tag_is_gone_to_but_not_past_a_pin_or_a_pause()
    {
        string one = Digest("latest");
        Commit("image: {image: '{IMAGES}:latest', transport: oci}");
        GitHost host = Host();
        await Converge(host);
        Publish("2");
        Assert.Equal(UpdateDecisionKind.Update, (await host.DecideAsync(_cancellation)).Kind);

        string commit = Commit("image: {image: '{IMAGES}:latest', transport: oci}, updates: {paused: audit}");
        UpdateDecision decision = await host.DecideAsync(_cancellation);
        Assert.Equal(($"changes are paused by commit {commit[..12]}: audit", HostState.Paused), (decision.Describe(), host.Report!.State));
        Assert.StartsWith("~ release " + one, Assert.Single(host.Report.Differences!));
    }

    [Fact]
    public async Task A_pin_holds_an_image_of_a_registry()
    {
        Publish("2", "next");
        using var registry = new LayoutRegistry(Images);
        string conf = _repository["registries.conf"], first = Digest("latest");
        File.WriteAllText(conf, $"[[registry]]\nlocation = \"{registry.Address}\"\ninsecure = true\n");
        Commit($"image: {{image: '{registry.Address}/os/image:next'}}, updates: {{pin: '{first}'}}");
        GitHost host = Host(oci: new OciOptions { RegistriesConf = conf });
        await Converge(host);
        Assert.Equal((first, HostState.InSync), (host.Report!.ImageDigest, host.Report.State));

        Commit($"image: {{image: '{registry.Address}/os/image:next'}}");
        await Converge(host);
        Assert.Equal((Digest("next"), HostState.InSync), (host.Report!.ImageDigest, host.Report.State));
    }

    [Fact]
    public async Task An_image_that_did_not_boot_well_is_not_gone_to_again_until_another_commit()
    {
        Publish("2", "bad");
        Commit("image: {image: '{IMAGES}:bad', transport: oci}");
        GitHost host = Host();
        Assert.Equal(UpdateDecisionKind.Update, (await host.DecideAsync(_cancellation)).Kind);
        Run(sysroot =>
        {
            FailedBoots.Load(sysroot).Add(Oci.Model.Digest.Parse(Digest("bad")), "bad", "check 50-web failed");
            return Task.FromResult(0);
        });

        UpdateDecision decision = await host.DecideAsync(_cancellation);
        Assert.Equal((UpdateDecisionKind.UpToDate, HostState.Failed), (decision.Kind, host.Report!.State));
        Assert.Contains("did not boot well on this host, which came back to the one before: check 50-web failed", decision.Describe());
        Publish("3", "good");
        Commit("image: {image: '{IMAGES}:good', transport: oci}");
        await Converge(host);
        Assert.Equal(("3", HostState.InSync), (host.Report!.Version, host.Report.State));
    }

    [Fact]
    public async Task A_host_that_came_up_otherwise_waits_for_another_commit()
    {
        Commit("kernelArguments: {present: [panic=-1]}");
        GitSource source = _repository.Source(clock: _clock);
        GitHost host = Host(source: source);
        await Converge(host);

        // It was rebooted, and the boot loader fell back: the deployment before is the one that runs.
        Run(sysroot => Task.FromResult(new RollbackOperation(sysroot, new Silence()).Run(_cancellation)));
        source.Update(state => state with { Applied = null, Attempt = new GitAttempt($"{host.View!.Wish!.Fingerprint}@", "1") { IsBooted = true } });
        Assert.Equal(UpdateDecisionKind.Update, (await host.DecideAsync(_cancellation)).Kind); // it may still be about to reboot
        _boot = "2";
        UpdateDecision decision = await host.DecideAsync(_cancellation);
        Assert.Equal(HostState.Failed, host.Report!.State);
        Assert.StartsWith("the host was rebooted into what its documents want, and came up otherwise", decision.Describe());

        Commit("kernelArguments: {present: [panic=10]}");
        await Converge(host);
        Assert.Equal(HostState.InSync, host.Report!.State);
    }

    [Fact]
    public async Task A_host_without_documents_is_left_alone()
    {
        string commit = _repository.Commit("other.yaml", TestRepository.Host("{packages: [vim]}", "other"));
        GitHost host = Host();

        Assert.Equal($"commit {commit[..12]} has no document for web1", (await host.DecideAsync(_cancellation)).Describe());
        Assert.Equal(HostState.Unmanaged, host.Report!.State);
    }

    [Fact]
    public async Task The_reboot_waits_for_the_window_of_the_documents_and_what_is_outdated_is_looked_at_again()
    {
        Commit("kernelArguments: {present: [quiet]}, updates: {window: [{days: [Tue], startTime: '03:00', lengthMinutes: 60}], timeZone: Europe/Rome}");
        GitHost host = Host();
        var strategy = new GitStrategy(host, new ImmediateStrategy(), Sysroot0, _clock);
        UpdateDecision decision = await host.DecideAsync(_cancellation);
        await host.StageAsync(decision.Target!, _cancellation);

        Assert.Equal((false, "the next window opens Tue 2026-01-06 03:00 (Europe/Rome)"), ((await strategy.MayRebootAsync(_cancellation)) is var verdict ? verdict.IsAllowed : true, verdict.Reason));
        _clock.Advance(TimeSpan.FromHours(14) + TimeSpan.FromMinutes(1));
        Assert.True((await strategy.MayRebootAsync(_cancellation)).IsAllowed);

        string commit = Commit("kernelArguments: {present: [debug]}");
        verdict = await strategy.MayRebootAsync(_cancellation);
        Assert.Equal((true, $"commit {commit[..12]} wants something else"), (verdict.IsOutdated, verdict.Reason));
        Commit("kernelArguments: {present: [debug]}, updates: {paused: true}");
        Assert.True((await strategy.MayRebootAsync(_cancellation)).IsOutdated);
    }

    [Fact]
    public async Task The_agent_goes_through_its_states_and_says_what_is_waited_for()
    {
        string commit = Commit("kernelArguments: {present: [quiet]}");
        GitHost host = Host();
        var agent = new UpdateAgent(host, new GitStrategy(host, new ImmediateStrategy(), Sysroot0, _clock), new AgentConfig(), _clock) { Jitter = () => 0 };
        for (int i = 0; i < 4; i++)
        {
            await agent.StepAsync(_cancellation);
        }

        Assert.Equal((AgentStateKind.UpdateStaged, $"commit {commit[..12]} is staged"), (agent.State.Kind, agent.State.Status));
        Commit("kernelArguments: {present: [debug]}");
        await agent.StepAsync(_cancellation);
        Assert.Equal(AgentStateKind.NoNewUpdate, agent.State.Kind);

        Directory.Move(_repository.Path, _repository["away"]);
        _clock.Advance(TimeSpan.FromHours(1));
        await agent.StepAsync(_cancellation);
        Directory.Move(_repository["away"], _repository.Path);
        Assert.Equal(AgentStateKind.UpdateAvailable, agent.State.Kind); // what was accepted is still to be done
        Assert.Contains("cannot be fetched", host.Report!.Problem);
    }

    private GitHost Host(GitSettings? settings = null, OciOptions? oci = null, GitSource? source = null) =>
        new(Sysroot0, source ?? _repository.Source(settings, _clock), settings ?? _repository.Settings, oci ?? new OciOptions(), () => new Silence(), _clock) { ReadBoot = () => _boot };

    private async Task Converge(GitHost host)
    {
        UpdateDecision decision = await host.DecideAsync(_cancellation);
        Assert.Equal(UpdateDecisionKind.Update, decision.Kind == UpdateDecisionKind.UpToDate && host.Report!.State == HostState.InSync ? UpdateDecisionKind.Update : decision.Kind);
        if (decision.Target is not null)
        {
            await host.StageAsync(decision.Target, _cancellation);
            await host.DecideAsync(_cancellation);
        }
    }

    private string Commit(string spec)
    {
        _clock.Advance(TimeSpan.FromMinutes(6));
        return _repository.Commit("hosts/web1.yaml", TestRepository.Host("{" + spec.Replace("{IMAGES}", Images) + "}"));
    }

    private void Publish(string version, string tag = "latest") => OsImage.Create("1").WithVersion(version).WriteTo(Images, tag);

    private string Digest(string tag) => System.Text.Json.Nodes.JsonNode.Parse(File.ReadAllText(Path.Combine(Images, "index.json")))!["manifests"]!.AsArray()
        .First(image => (string?)image!["annotations"]?["org.opencontainers.image.ref.name"] == tag)!["digest"]!.GetValue<string>();

    private OstreeImageReference Reference(string tag) => OstreeImageReference.Unverified(ImageReference.Parse($"oci:{Images}:{tag}"));

    private string[] Arguments()
    {
        string[] words = [];
        Run(sysroot => Task.FromResult(words = [.. KernelArgumentsOperation.Show(sysroot)]));
        return words;
    }

    private string Bootc(params string[] arguments)
    {
        string settings = Path.Combine(Sysroot0, "etc/bootc/agent.d/git.toml");
        Directory.CreateDirectory(Path.GetDirectoryName(settings)!);
        File.WriteAllText(settings, $"[updates]\nstrategy = \"git\"\n[updates.git]\nurl = \"{_repository.Url}\"\nallowed_signers = \"{_repository.AllowedSigners}\"\nhost = \"web1\"\n");
        return BootcProgram.Run([.. arguments, "--sysroot", Sysroot0]).Succeeded();
    }

    private void Run<T>(Func<Sysroot, Task<T>> action)
    {
        using Sysroot sysroot = Sysroot.Open(Sysroot0);
        action(sysroot).GetAwaiter().GetResult();
    }
}
