// The strategy that settings ask for.
using Bootc.Updates.Agent;
using Bootc.Updates.FleetLock;
using Bootc.Updates.Windows;

namespace Bootc.Updates.Strategies;

/// <summary>Makes strategies.</summary>
public static class UpdateStrategy
{
    /// <summary>The strategy that settings ask for, other than git, which needs the host (<see cref="GitStrategy"/>).</summary>
    /// <param name="config">The settings.</param>
    /// <param name="nodeUuid">The host's identifier.</param>
    /// <param name="variables">What is filled into URLs.</param>
    /// <param name="root">The host's root, for its time zone.</param>
    /// <param name="clock">The time.</param>
    /// <param name="counters">Count what is asked of lock managers.</param>
    /// <exception cref="UpdatesException">The settings lack what the strategy needs, or there is no such time zone.</exception>
    public static IUpdateStrategy Create(AgentConfig config, string nodeUuid, IReadOnlyDictionary<string, string> variables, string root = "/", TimeProvider? clock = null, AgentCounters? counters = null) => config.Strategy switch
    {
        "immediate" => new ImmediateStrategy(),
        "periodic" => new PeriodicStrategy(new WeeklyCalendar(config.Windows, TimeZones.Find(config.TimeZone, root)), clock),
        "fleet_lock" => new FleetLockStrategy(
            new FleetLockClient(UrlTemplate.Expand(config.FleetLockBaseUrl ?? throw new UpdatesException("the strategy fleet_lock has no lock manager (updates.fleet_lock.base_url)"), variables)),
            new FleetLockIdentity(nodeUuid, config.Group),
            counters),
        _ => throw new UpdatesException($"there is no strategy '{config.Strategy}'"),
    };
}
