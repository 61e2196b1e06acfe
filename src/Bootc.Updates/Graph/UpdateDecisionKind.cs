// What a host can do with a graph of updates.
namespace Bootc.Updates.Graph;

/// <summary>What a host does with a graph.</summary>
public enum UpdateDecisionKind
{
    /// <summary>The graph does not have the host's release, as when the host is ahead of it: the host waits.</summary>
    NotInGraph,

    /// <summary>There is nothing newer for the host.</summary>
    UpToDate,

    /// <summary>No update leads away from the host's release.</summary>
    DeadEnd,

    /// <summary>There is an update whose rollout has not reached the host yet.</summary>
    WaitsForRollout,

    /// <summary>The graph leads to an older release, which the host is not allowed to go to.</summary>
    DowngradeRefused,

    /// <summary>The host goes to another release.</summary>
    Update,
}
