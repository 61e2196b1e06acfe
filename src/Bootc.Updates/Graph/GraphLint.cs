// What is hardly meant in a document of a graph that can be used.
using Bootc.Updates.Documents;

namespace Bootc.Updates.Graph;

/// <summary>Looks for what strands hosts, or never ends.</summary>
internal static class GraphLint
{
    /// <summary>Looks at a document without errors.</summary>
    public static IEnumerable<DocumentFault> Check(GraphDocument document) => document.Entries.SelectMany(CheckRollout)
        .Concat(document.Architectures.SelectMany(architecture => CheckWays(document, architecture)))
        .DistinctBy(fault => (fault.Line, fault.Message))
        .OrderBy(fault => fault.Line);

    private static IEnumerable<DocumentFault> CheckRollout(GraphEntry entry)
    {
        if (entry.Rollout is { Duration: null, StartValue: < 1 } rollout)
        {
            yield return Warn(entry, $"the rollout of {entry.Version} has no duration: it stays at {rollout.StartValue:P0} for ever");
        }

        if (entry is { Rollout: not null, DeadEnd: not null })
        {
            yield return Warn(entry, $"{entry.Version} is a dead end that is still being rolled out");
        }
    }

    private static IEnumerable<DocumentFault> CheckWays(GraphDocument document, string architecture)
    {
        string scheme = document.Entries.Any(entry => entry.Image is not null) ? GraphNode.OciScheme : GraphNode.ChecksumScheme;
        UpdateGraph graph = document.Resolve(architecture, scheme);
        Dictionary<string, GraphEntry> entries = document.Entries.Where(entry => entry.IsFor(architecture)).ToDictionary(entry => entry.Version, StringComparer.Ordinal);
        if (graph.Nodes.Count == 0)
        {
            yield break;
        }

        GraphEntry newest = entries[graph.Nodes[^1].Version];
        if (newest.DeadEnd is not null)
        {
            yield return Warn(newest, $"the newest release for {architecture}, {newest.Version}, is a dead end");
        }

        for (int i = 0; i < graph.Nodes.Count - 1; i++)
        {
            GraphNode node = graph.Nodes[i];
            GraphNode last = graph.Nodes[graph.WithoutDeadEnds().PathFrom(i)[^1]];
            if (node.DeadEnd is null && last.DeadEnd is not null)
            {
                yield return Warn(entries[node.Version], $"hosts of {node.Version} for {architecture} end in {last.Version}, a dead end");
            }
            else if (node.DeadEnd is null && newest.DeadEnd is null && last.Version != newest.Version)
            {
                yield return Warn(entries[node.Version], $"hosts of {node.Version} for {architecture} get no further than {last.Version}; {newest.Version} is the newest");
            }
        }

        foreach (GraphEdge edge in graph.Edges)
        {
            if (graph.Nodes.Skip(edge.From + 1).Take(edge.To - edge.From - 1).FirstOrDefault(node => node.Barrier is not null) is { } barrier)
            {
                yield return Warn(entries[graph.Nodes[edge.From].Version], $"the edge from {graph.Nodes[edge.From].Version} to {graph.Nodes[edge.To].Version} passes the barrier {barrier.Version}");
            }
        }
    }

    private static DocumentFault Warn(GraphEntry entry, string message) => new(entry.Line, 1, false, message);
}
