// The Cincinnati protocol's form of a graph: https://github.com/coreos/zincati, docs/development/cincinnati/protocol.md.
using System.Text.Json.Serialization;

namespace Bootc.Updates.Graph;

/// <summary>A graph as a server answers with it.</summary>
internal sealed record CincinnatiDocument(
    [property: JsonRequired] IReadOnlyList<CincinnatiDocument.Node> Nodes,
    [property: JsonRequired] IReadOnlyList<int[]> Edges)
{
    /// <summary>A release.</summary>
    internal sealed record Node(
        [property: JsonRequired] string Version,
        [property: JsonRequired] IReadOnlyDictionary<string, string> Metadata,
        [property: JsonRequired] string Payload);

    /// <summary>Why a server does not answer with a graph.</summary>
    internal sealed record Failure([property: JsonRequired] string Kind, [property: JsonRequired] string Value);
}
