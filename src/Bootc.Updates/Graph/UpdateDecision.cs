// What a host does with a graph of updates.
namespace Bootc.Updates.Graph;

/// <summary>What a host does with a graph.</summary>
/// <param name="Kind">What.</param>
/// <param name="Current">The host's release, where the graph has it.</param>
/// <param name="Target">The release that it goes to, waits for, or does not go back to.</param>
public sealed record UpdateDecision(UpdateDecisionKind Kind, GraphNode? Current, GraphNode? Target)
{
    /// <summary>When the rollout that the host waits for reaches it; <see langword="null"/> when it never does as things are.</summary>
    public DateTimeOffset? ReachedAt { get; init; }
}
