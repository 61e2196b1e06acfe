// The update agent as a service: settings, steps and pauses, and what it tells of itself.
using Bootc.Deployments;
using Bootc.Oci;
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
                if (!await WaitAsync(pause, cancellation).ConfigureAwait(false))
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

            _running?.Host.Dispose();
        }
    }

    /// <inheritdoc/>
    public Task<HttpAnswer> AnswerAsync(HttpCall call, CancellationToken cancellation) => Task.FromResult((call.Method, call.Path) switch
    {
        ("GET" or "HEAD", "/metrics") when _running is { } running => HttpAnswer.Text(
            200, PrometheusText.ContentType, AgentMetrics.Format(running.Agent.State, _counters, running.Config, running.Wariness, running.Agent.LastDecision, running.Host.Graph)),
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
        IUpdateStrategy strategy = UpdateStrategy.Create(config, nodeUuid, variables, root, _clock);
        GraphFollower? graph = GraphSource.Create(config, nodeUuid, variables) is { } source ? new GraphFollower(source, config, wariness, _clock) : null;
        var imageHost = new ImageHost(sysroot, graph, new OciOptions { Root = root }, createProgress, _clock);
        var agent = new UpdateAgent(imageHost, strategy, config, _clock, resumed) { Counters = _counters };
        string follows = graph?.Description ?? (host.Repository is null ? "the image" : $"the newest image under the name that is followed, in {host.Repository}");
        _running = new Running(config, agent, imageHost, wariness, follows);
        log($"{_running.Describe()}; node {nodeUuid}, group {config.Group}, wariness {wariness:0.000}");
        return _running;
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
            running.Host.Dispose();
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
            _reports.Write(AgentReport.Of(state) with { Follows = running.Follows, Strategy = running.Config.Strategy, Updated = now, Next = now + pause, DeadEnd = deadEnd });
            _notice.Set(deadEnd);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            log($"warning: what the agent does cannot be written down: {e.Message}"); // a full /run is no reason not to update
        }
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

    private sealed record Running(AgentConfig Config, UpdateAgent Agent, ImageHost Host, double Wariness, string Follows)
    {
        public string? LastStatus { get; set; }

        public string Describe() => $"follows {Follows}; reboots by the strategy {Config.Strategy}";
    }
}
