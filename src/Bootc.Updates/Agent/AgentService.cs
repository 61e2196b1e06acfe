// The update agent as a service: settings, steps and pauses, and what it tells of itself.
using Bootc.Deployments;
using Bootc.Oci;
using Bootc.Updates.Git;
using Bootc.Updates.Graph;
using Bootc.Updates.Http;
using Bootc.Updates.Strategies;

namespace Bootc.Updates.Agent;

/// <summary>Runs an <see cref="UpdateAgent"/> until it is told to end; settings are read anew when it is told to.</summary>
/// <param name="root">The host's root, where its settings and identity are.</param>
/// <param name="sysroot">The sysroot that is updated.</param>
/// <param name="createProgress">Makes what is told of each operation.</param>
/// <param name="log">Takes a line for the log.</param>
/// <param name="clock">The time.</param>
public sealed class AgentService(string root, string sysroot, Func<IOperationProgress> createProgress, Action<string> log, TimeProvider? clock = null) : IHttpService
{
    private static readonly TimeSpan LongestPause = TimeSpan.FromDays(20); // more than a timer takes would end the agent
    private readonly TimeProvider _clock = clock ?? TimeProvider.System;
    private readonly AgentReportFile _reports = new(root);
    private readonly DeadEndNotice _notice = new(root);
    private readonly AgentCounters _counters = new();
    private readonly SemaphoreSlim _reload = new(0);
    private volatile Running? _running;

    /// <summary>Lets the settings be read anew, soon.</summary>
    public void Reload() => _reload.Release();

    /// <summary>Runs until it is cancelled.</summary>
    /// <exception cref="UpdatesException">The settings cannot be used; only at the start.</exception>
    /// <exception cref="OperationCanceledException">It was told to end.</exception>
    public async Task RunAsync(CancellationToken cancellation)
    {
        Running running = Prepare(ReadState());
        HttpServer? server = null;
        try
        {
            server = await ServeAsync(running.Config).ConfigureAwait(false);
            ServiceManager.NotifyReady(running.Describe());
            while (true)
            {
                TimeSpan? pause = await running.Agent.StepAsync(cancellation).ConfigureAwait(false);
                Tell(running, pause);
                await ReportAsync(running, cancellation).ConfigureAwait(false);
                if (!await WaitAsync(running, pause, cancellation).ConfigureAwait(false))
                {
                    continue;
                }

                Running changed = Renew(running);
                if (changed != running && changed.Config.MetricsAddress != running.Config.MetricsAddress && server is not null)
                {
                    await server.DisposeAsync().ConfigureAwait(false);
                    server = await ServeAsync(changed.Config).ConfigureAwait(false);
                }

                running = changed;
            }
        }
        finally
        {
            ServiceManager.NotifyStopping();
            if (server is not null)
            {
                await server.DisposeAsync().ConfigureAwait(false);
            }

            _running?.Dispose();
        }
    }

    /// <inheritdoc/>
    public Task<HttpAnswer> AnswerAsync(HttpCall call, CancellationToken cancellation) => Task.FromResult((call.Method, call.Path) switch
    {
        ("GET" or "HEAD", "/metrics") when _running is { } running => HttpAnswer.Text(
            200, PrometheusText.ContentType, AgentMetrics.Format(running.Agent.State, _counters, running.Config, running.Wariness, running.Agent.LastDecision, (running.Host as ImageHost)?.Graph, running.Os)),
        _ => HttpAnswer.Text(404, "text/plain; charset=utf-8", "there is /metrics, and nothing else\n"),
    });

    private Running Prepare(AgentState? resumed)
    {
        AgentConfig config = AgentConfig.Load(root);
        foreach (string warning in config.Warnings)
        {
            log($"warning: {warning}");
        }

        HostRelease host = ReadHost();
        string nodeUuid = config.NodeUuid ?? NodeUuid.OfHost(root);
        double wariness = config.RolloutWariness ?? Wariness.OfNode(nodeUuid);
        IReadOnlyDictionary<string, string> variables = HostVariables.Of(config, host);
        Running running = config.Strategy == "git"
            ? FollowRepository(config, nodeUuid, variables, wariness, resumed)
            : FollowImage(config, host, nodeUuid, variables, wariness, resumed);
        _running = running with { Os = [("os_version", host.Version), .. new[] { "basearch", "stream", "platform" }.Select(name => (name, variables[name]))] };
        log($"{_running.Describe()}; node {nodeUuid}, group {config.Group}, wariness {wariness:0.000}");
        return _running;
    }

    private Running FollowImage(AgentConfig config, HostRelease host, string nodeUuid, IReadOnlyDictionary<string, string> variables, double wariness, AgentState? resumed)
    {
        IUpdateStrategy strategy = UpdateStrategy.Create(config, nodeUuid, variables, root, _clock, _counters);
        var oci = new OciOptions { Root = root };
        GraphFollower? graph = GraphSource.Create(config, nodeUuid, variables) is { } source ? new GraphFollower(source, config, wariness, oci, _clock) : null;
        var imageHost = new ImageHost(sysroot, graph, oci, createProgress, _clock) { Carried = config.LooksForGraph ? new RepositoryGraph(config, wariness, oci, _clock) : null };
        var agent = new UpdateAgent(imageHost, strategy, config, _clock, resumed) { Counters = _counters };
        string follows = graph?.Description ?? (host.Repository is null ? "the image" : $"{(config.LooksForGraph ? "the graph that the repository carries, or " : "")}the newest image under the name that is followed, in {host.Repository}");
        return new Running(config, agent, imageHost, wariness, follows);
    }

    private Running FollowRepository(AgentConfig config, string nodeUuid, IReadOnlyDictionary<string, string> variables, double wariness, AgentState? resumed)
    {
        var source = new GitSource(config.Git, HostIdentity.OfHost(config, root), root, _clock);
        var gitHost = new GitHost(sysroot, source, config.Git, new OciOptions { Root = root }, createProgress, _clock);
        var strategy = new GitStrategy(gitHost, UpdateStrategy.Create(config with { Strategy = config.Git.Reboot }, nodeUuid, variables, root, _clock, _counters), root, _clock);
        AgentConfig timed = config with { SteadyInterval = config.Git.Interval };
        var agent = new UpdateAgent(gitHost, strategy, timed, _clock, resumed) { Counters = _counters };
        return new Running(config, agent, gitHost, wariness, source.Description) { Reports = ReportSender.Create(config.Git, root, _clock) };
    }

    private HostRelease ReadHost()
    {
        using Sysroot opened = Sysroot.Open(sysroot);
        return HostInspector.Read(opened);
    }

    // A host that runs is not left without updates for a mistake in a file.
    private Running Renew(Running running)
    {
        try
        {
            Running changed = Prepare(running.Agent.State);
            running.Dispose();
            log("the settings were read anew");
            return changed;
        }
        catch (UpdatesException e)
        {
            _running = running;
            log($"the settings were read anew and cannot be used, those before stay: {e.Message}");
            return running;
        }
    }

    private AgentState? ReadState()
    {
        try
        {
            return _reports.TryRead()?.AsState;
        }
        catch (UpdatesException e)
        {
            log($"warning: {e.Message}; the agent begins anew");
            return null;
        }
    }

    private async Task<HttpServer?> ServeAsync(AgentConfig config)
    {
        if (config.MetricsAddress == "none")
        {
            return null;
        }

        var address = ListenAddress.Parse(config.MetricsAddress);
        if (address.UnixSocket is { } socket)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(socket)!);
        }

        try
        {
            return await HttpServer.StartAsync(address, null, this, log).ConfigureAwait(false);
        }
        catch (UpdatesException e)
        {
            log($"warning: there are no metrics: {e.Message}");
            return null;
        }
    }

    private void Tell(Running running, TimeSpan? pause)
    {
        AgentState state = running.Agent.State;
        DateTimeOffset now = _clock.GetUtcNow();
        if (state.Status != running.LastStatus)
        {
            running.LastStatus = state.Status;
            log(state.Status);
            ServiceManager.NotifyStatus(state.Status);
        }

        string? deadEnd = running.Agent.LastDecision is { Kind: UpdateDecisionKind.DeadEnd, Current: { } current } ? current.DeadEnd : null;
        try
        {
            _reports.Write(AgentReport.Of(state) with { Follows = running.Follows, Strategy = running.Config.Strategy, Updated = now, Next = now + pause, DeadEnd = deadEnd, Git = FindReport(running) });
            _notice.Set(deadEnd);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            log($"warning: what the agent does cannot be written down: {e.Message}"); // a full /run is no reason not to update
        }
    }

    // What the agent came to in between is told as soon as it may be, not at the next step.
    private async Task<bool> WaitAsync(Running running, TimeSpan? pause, CancellationToken cancellation)
    {
        long start = _clock.GetTimestamp();
        TimeSpan? Rest() => pause - _clock.GetElapsedTime(start) is var rest && rest < TimeSpan.Zero ? TimeSpan.Zero : rest;
        while (running.Reports is { } reports && FindReport(running) is { } report && reports.FindPause(report) is { } wait && !(wait >= Rest()))
        {
            if (await WaitAsync(wait, cancellation).ConfigureAwait(false))
            {
                return true;
            }

            await ReportAsync(running, cancellation).ConfigureAwait(false);
        }

        return await WaitAsync(Rest(), cancellation).ConfigureAwait(false);
    }

    /// <returns>Whether the settings are to be read anew.</returns>
    private async Task<bool> WaitAsync(TimeSpan? pause, CancellationToken cancellation)
    {
        TimeSpan limit = pause is { } some && some > LongestPause ? LongestPause : pause ?? Timeout.InfiniteTimeSpan;
        bool told = await _reload.WaitAsync(limit, cancellation).ConfigureAwait(false);
        while (told && _reload.Wait(0, CancellationToken.None))
        {
            // Told several times is told once.
        }

        return told;
    }

    // What the agent waits for is the last word on how the host is.
    private static HostReport? FindReport(Running running) => (running.Host as GitHost)?.Report is not { } report ? null : running.Agent.State.Kind switch
    {
        AgentStateKind.UpdateAvailable => report with { State = running.Agent.State.FailedAttempts > 0 ? HostState.Failed : HostState.Pending, Message = running.Agent.State.Status },
        AgentStateKind.UpdateStaged or AgentStateKind.UpdateFinalized => report with { State = HostState.Staged, Message = running.Agent.State.Status },
        _ => report,
    };

    private async Task ReportAsync(Running running, CancellationToken cancellation)
    {
        if (running.Reports is { } reports && FindReport(running) is { } report && await reports.OfferAsync(report, cancellation).ConfigureAwait(false) is { } failure)
        {
            log($"warning: {failure}");
        }
    }

    private sealed record Running(AgentConfig Config, UpdateAgent Agent, IAgentHost Host, double Wariness, string Follows) : IDisposable
    {
        public string? LastStatus { get; set; }

        public ReportSender? Reports { get; init; }

        public (string Name, string Value)[] Os { get; init; } = [];

        public string Describe() => $"follows {Follows}; reboots by the strategy {Config.Strategy}";

        public void Dispose() => (Host as IDisposable)?.Dispose();
    }
}
