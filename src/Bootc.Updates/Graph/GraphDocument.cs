// A graph as people write it: bootc.update-graph/v1, described in docs/formats/update-graph-v1.schema.json.
using Bootc.Updates.Documents;

namespace Bootc.Updates.Graph;

/// <summary>A document: all releases of one stream, for all architectures.</summary>
/// <param name="Stream">The stream's name.</param>
/// <param name="Repository">The repository of the images.</param>
/// <param name="Entries">The releases, oldest first.</param>
/// <param name="Edges">The ways between versions; <see langword="null"/> when they follow from the releases.</param>
public sealed record GraphDocument(string Stream, string? Repository, IReadOnlyList<GraphEntry> Entries, IReadOnlyList<(string From, string To)>? Edges)
{
    /// <summary>What the member <c>schema</c> of a document says.</summary>
    public const string Schema = "bootc.update-graph/v1";

    /// <summary>Reads a document.</summary>
    /// <exception cref="GraphFormatException">It is no graph.</exception>
    public static GraphDocument Load(string path) => Parse(File.ReadAllText(path), path);

    /// <summary>Reads a document's text.</summary>
    /// <param name="text">The document.</param>
    /// <param name="source">Where it comes from, for messages.</param>
    /// <exception cref="GraphFormatException">It is no graph.</exception>
    public static GraphDocument Parse(string text, string source)
    {
        GraphDocument? document = GraphReader.Read(text, out IReadOnlyList<DocumentFault> faults);
        return document is null || faults.Any(fault => fault.IsError) ? throw new GraphFormatException(source, faults) : document;
    }

    /// <summary>Everything that is wrong with a document, or hardly meant.</summary>
    public static IReadOnlyList<DocumentFault> Lint(string text)
    {
        GraphDocument? document = GraphReader.Read(text, out IReadOnlyList<DocumentFault> faults);
        return document is null || faults.Any(fault => fault.IsError) ? faults : [.. faults, .. GraphLint.Check(document)];
    }

    /// <summary>The architectures that releases are for by name; one that stands for all when none is named.</summary>
    public IReadOnlyList<string> Architectures => Entries.SelectMany(entry => entry.Architectures).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList() is { Count: > 0 } named ? named : ["amd64"];

    /// <summary>The releases for an architecture, and the ways between them.</summary>
    /// <param name="architecture">The name that containers have for it.</param>
    /// <param name="scheme">What payloads are: <see cref="GraphNode.OciScheme"/> or <see cref="GraphNode.ChecksumScheme"/>; releases that have no such one are left out.</param>
    public UpdateGraph Resolve(string architecture, string scheme)
    {
        GraphNode[] nodes = [.. Entries.Where(entry => entry.IsFor(architecture)).Select(entry => ToNode(entry, scheme)).OfType<GraphNode>()];
        if (Edges is null)
        {
            return UpdateGraph.WithImpliedEdges(nodes);
        }

        var indices = nodes.Index().ToDictionary(node => node.Item.Version, node => node.Index, StringComparer.Ordinal);
        return new UpdateGraph(nodes, [.. Edges.Where(edge => indices.ContainsKey(edge.From) && indices.ContainsKey(edge.To)).Select(edge => new GraphEdge(indices[edge.From], indices[edge.To]))]);
    }

    private GraphNode? ToNode(GraphEntry entry, string scheme)
    {
        string? payload = scheme == GraphNode.ChecksumScheme ? entry.Checksum : entry.Image is { } image ? $"{entry.Repository ?? Repository}@{image}" : null;
        return payload is null ? null : new GraphNode(entry.Version, entry.Age)
        {
            Payload = payload,
            Scheme = scheme,
            Barrier = entry.Barrier,
            DeadEnd = entry.DeadEnd,
            Rollout = entry.Rollout,
        };
    }
}
