// What the update agent is told, in the form that zincati has for it.
using Bootc.Updates.Windows;

namespace Bootc.Updates.Agent;

/// <summary>Settings of the update agent: all files together, what comes later counts.</summary>
public sealed record AgentConfig
{
    /// <summary>How often the agent looks for updates (<c>agent.timing.steady_interval_secs</c>).</summary>
    public TimeSpan SteadyInterval { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Where the graph server is (<c>cincinnati.base_url</c>), with variables as they were given.</summary>
    public string? CincinnatiBaseUrl { get; init; }

    /// <summary>Where a document with the graph is, without a server: a path or a URL (<c>graph.document</c>).</summary>
    public string? GraphDocument { get; init; }

    /// <summary>Whether a graph counts that the repository of the image carries, where the settings name none (<c>graph.discover</c>).</summary>
    public bool LooksForGraph { get; init; } = true;

    /// <summary>The stream that a graph server is asked for (<c>graph.stream</c>); <see langword="null"/> for the one that the image says it is of.</summary>
    public string? Stream { get; init; }

    /// <summary>Where the agent tells its numbers (<c>agent.metrics.listen</c>): <c>unix:/PATH</c>, a loopback address with a port, or <c>none</c>.</summary>
    public string MetricsAddress { get; init; } = "unix:/run/bootc/metrics.sock";

    /// <summary>The host's group (<c>identity.group</c>).</summary>
    public string Group { get; init; } = FleetLock.FleetLockIdentity.DefaultGroup;

    /// <summary>The host's identifier (<c>identity.node_uuid</c>); <see langword="null"/> for that which is made from its machine ID.</summary>
    public string? NodeUuid { get; init; }

    /// <summary>How late the host wants updates, 0 to 1 (<c>identity.rollout_wariness</c>).</summary>
    public double? RolloutWariness { get; init; }

    /// <summary>Whether the agent also goes to older releases (<c>updates.allow_downgrade</c>).</summary>
    public bool AllowDowngrade { get; init; }

    /// <summary>Whether the agent does anything (<c>updates.enabled</c>).</summary>
    public bool IsEnabled { get; init; } = true;

    /// <summary>When the host may reboot (<c>updates.strategy</c>): immediate, periodic or fleet_lock; or git, which also says what the host is.</summary>
    public string Strategy { get; init; } = "immediate";

    /// <summary>Where the lock manager is (<c>updates.fleet_lock.base_url</c>), with variables as they were given.</summary>
    public string? FleetLockBaseUrl { get; init; }

    /// <summary>The windows of the strategy periodic (<c>updates.periodic.window</c>).</summary>
    public IReadOnlyList<WeeklyWindow> Windows { get; init; } = [];

    /// <summary>The time zone of the windows (<c>updates.periodic.time_zone</c>).</summary>
    public string TimeZone { get; init; } = "UTC";

    /// <summary>The repository that the strategy git follows (<c>updates.git</c>).</summary>
    public Git.GitSettings Git { get; init; } = new();

    /// <summary>What in the files means nothing to this agent, one line each.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>Reads the files below a root directory: zincati's and then this agent's own, in /usr/lib, /run and /etc.</summary>
    /// <exception cref="UpdatesException">A file is malformed; it and the fault are named.</exception>
    public static AgentConfig Load(string root = "/") => AgentConfigReader.Load(root);

    /// <summary>Reads this project's own files alone, which also <c>bootc upgrade</c> goes by.</summary>
    /// <exception cref="UpdatesException">A file is malformed; it and the fault are named.</exception>
    public static AgentConfig LoadOwn(string root = "/") => AgentConfigReader.LoadOwn(root);

    /// <summary>Reads settings from one file on top of these.</summary>
    /// <param name="text">Its content, in TOML.</param>
    /// <param name="path">Its path, for messages.</param>
    /// <exception cref="UpdatesException">It is malformed.</exception>
    public AgentConfig With(string text, string path) => AgentConfigReader.Read(this, text, path);
}
