// The releases of an OS for one architecture, and the ways between them.
namespace Bootc.Updates.Graph;

/// <summary>Releases and the ways that updates may go.</summary>
/// <param name="Nodes">The releases.</param>
/// <param name="Edges">The ways, as indices of releases; all of them are valid.</param>
public sealed record UpdateGraph(IReadOnlyList<GraphNode> Nodes, IReadOnlyList<GraphEdge> Edges)
{
    /// <summary>
    /// The ways between releases that say only what they are: to every barrier and to every release that is being rolled out, from
    /// all that lie between it and the barrier before it, that barrier included; and so to the newest release that is there for all.
    /// </summary>
    /// <param name="nodes">The releases, oldest first.</param>
    public static UpdateGraph WithImpliedEdges(IReadOnlyList<GraphNode> nodes)
    {
        int newest = Enumerable.Range(0, nodes.Count).LastOrDefault(i => nodes[i].Rollout is null && nodes[i].DeadEnd is null, -1);
        var edges = new List<GraphEdge>();
        int start = 0; // the barrier before, or the oldest release
        for (int to = 0; to < nodes.Count; to++)
        {
            if (nodes[to].Barrier is not null || nodes[to].Rollout is not null || to == newest)
            {
                edges.AddRange(Enumerable.Range(start, to - start).Select(from => new GraphEdge(from, to)));
            }

            start = nodes[to].Barrier is not null ? to : start;
        }

        return new UpdateGraph(nodes, edges);
    }

    /// <summary>This without the ways to releases whose rollout has not reached a host of this wariness.</summary>
    public UpdateGraph ThrottledFor(double wariness, DateTimeOffset now) =>
        this with { Edges = [.. Edges.Where(edge => Nodes[edge.To].Rollout?.Reaches(wariness, now) ?? true)] };

    /// <summary>This without the ways that lead away from dead ends.</summary>
    public UpdateGraph WithoutDeadEnds() => this with { Edges = [.. Edges.Where(edge => Nodes[edge.From].DeadEnd is null)] };

    /// <summary>The index of the release that a host is of; <see langword="null"/> when it is none of these. Of several releases that are the same to the host it is the newest.</summary>
    /// <param name="identity">The digest of its image, the checksum of its commit, or a payload.</param>
    public int? Find(string identity) => Enumerable.Range(0, Nodes.Count).Where(i => Nodes[i].Is(identity)).OrderBy(i => Nodes[i].Age).Select(i => (int?)i).LastOrDefault();

    /// <summary>The index of a version; <see langword="null"/> when there is none.</summary>
    public int? FindVersion(string version) => Enumerable.Range(0, Nodes.Count).Where(i => Nodes[i].Version == version).Select(i => (int?)i).FirstOrDefault();

    /// <summary>The release to which a host goes next: the newest of those to which a way leads. Barriers are where ways end, so it goes through them one by one.</summary>
    /// <param name="from">The index of the host's release.</param>
    /// <param name="isExcluded">Releases that it does not go to, as those which it had and left.</param>
    /// <returns>The index; <see langword="null"/> when it stays.</returns>
    public int? NextFrom(int from, Func<GraphNode, bool>? isExcluded = null) => Edges
        .Where(edge => edge.From == from && !(isExcluded?.Invoke(Nodes[edge.To]) ?? false))
        .OrderBy(edge => Nodes[edge.To].Age).ThenBy(edge => Nodes[edge.To].Version, StringComparer.Ordinal).ThenBy(edge => Nodes[edge.To].Payload, StringComparer.Ordinal)
        .Select(edge => (int?)edge.To)
        .LastOrDefault();

    /// <summary>All releases that a host goes through from its own on, its own first.</summary>
    public IReadOnlyList<int> PathFrom(int from)
    {
        List<int> path = [from];
        while (NextFrom(path[^1]) is { } next && !path.Contains(next))
        {
            path.Add(next);
        }

        return path;
    }

    /// <summary>What a host does with this graph.</summary>
    /// <param name="identity">The digest of its image, or the checksum of its commit.</param>
    /// <param name="wariness">Its wariness.</param>
    /// <param name="now">The time.</param>
    /// <param name="isExcluded">Releases that it does not go to.</param>
    /// <param name="allowDowngrade">Whether it also goes to releases that are older than its own.</param>
    public UpdateDecision Decide(string identity, double wariness, DateTimeOffset now, Func<GraphNode, bool>? isExcluded = null, bool allowDowngrade = false)
    {
        if (Find(identity) is not { } current)
        {
            return new UpdateDecision(UpdateDecisionKind.NotInGraph, null, null);
        }

        GraphNode node = Nodes[current];
        if (node.DeadEnd is not null)
        {
            return new UpdateDecision(UpdateDecisionKind.DeadEnd, node, null);
        }

        UpdateGraph open = ThrottledFor(wariness, now);
        int ignored = isExcluded is null ? 0 : open.Edges.Where(edge => edge.From == current).Select(edge => edge.To).Distinct().Count(to => isExcluded(Nodes[to]));
        if (open.NextFrom(current, isExcluded) is { } next)
        {
            return new UpdateDecision(Nodes[next].Age <= node.Age && !allowDowngrade ? UpdateDecisionKind.DowngradeRefused : UpdateDecisionKind.Update, node, Nodes[next]) { IgnoredTargets = ignored };
        }

        return NextFrom(current, isExcluded) is { } later && Nodes[later].Age > node.Age
            ? new UpdateDecision(UpdateDecisionKind.WaitsForRollout, node, Nodes[later]) { ReachedAt = Nodes[later].Rollout!.ReachesAt(wariness), IgnoredTargets = ignored }
            : new UpdateDecision(UpdateDecisionKind.UpToDate, node, null) { IgnoredTargets = ignored };
    }
}
