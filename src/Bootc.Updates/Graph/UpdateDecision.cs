// What a host does with a graph of updates.
using System.Globalization;

namespace Bootc.Updates.Graph;

/// <summary>What a host does with a graph.</summary>
/// <param name="Kind">What.</param>
/// <param name="Current">The host's release, where the graph has it.</param>
/// <param name="Target">The release that it goes to, waits for, or does not go back to.</param>
public sealed record UpdateDecision(UpdateDecisionKind Kind, GraphNode? Current, GraphNode? Target)
{
    /// <summary>When the rollout that the host waits for reaches it; <see langword="null"/> when it never does as things are.</summary>
    public DateTimeOffset? ReachedAt { get; init; }

    /// <summary>How many releases the graph leads to that the host does not go to, since it had and left them.</summary>
    public int IgnoredTargets { get; init; }

    /// <summary>Why, in words, where it is no graph that decided.</summary>
    public string? Reason { get; init; }

    /// <summary>The decision in words, without a full stop.</summary>
    public string Describe() => Reason ?? Kind switch
    {
        UpdateDecisionKind.Update => $"found {Target!.Version}",
        UpdateDecisionKind.NotInGraph => "the graph does not have the host's release: waiting until it does",
        UpdateDecisionKind.DeadEnd => $"{Current!.Version} is a dead end: {Current.DeadEnd}",
        UpdateDecisionKind.WaitsForRollout => ReachedAt is { } time
            ? string.Create(CultureInfo.InvariantCulture, $"the rollout of {Target!.Version} reaches this host {time.UtcDateTime:yyyy-MM-dd HH:mm} UTC")
            : $"the rollout of {Target!.Version} has not reached this host",
        UpdateDecisionKind.DowngradeRefused => $"the graph leads to {Target!.Version}, which is older than {Current!.Version}: downgrades are not allowed by configuration",
        _ => "there is no newer release",
    };
}
