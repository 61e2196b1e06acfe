// A graph in a file, of either form.
using System.Text.Json;

namespace Bootc.Updates.Graph.Drawing;

/// <summary>Reads a graph from a file: a document of this project, or what a graph server answered.</summary>
public static class GraphFile
{
    /// <summary>Reads a graph for one architecture.</summary>
    /// <param name="path">The file.</param>
    /// <param name="architecture">The architecture, by either of its names.</param>
    /// <returns>What it is, and the graph.</returns>
    /// <exception cref="UpdatesException">It is no graph.</exception>
    public static (string Title, UpdateGraph Graph) Load(string path, string architecture)
    {
        byte[] content = File.ReadAllBytes(path);
        if (IsAnswer(content))
        {
            return (Path.GetFileName(path), CincinnatiGraph.Parse(content));
        }

        GraphDocument document = GraphDocument.Load(path);
        string container = BaseArchitecture.ToContainer(architecture);
        UpdateGraph images = document.Resolve(container, GraphNode.OciScheme);
        UpdateGraph graph = images.Nodes.Count > 0 ? images : document.Resolve(container, GraphNode.ChecksumScheme);
        return graph.Nodes.Count > 0
            ? ($"{document.Repository ?? "updates"}, stream {document.Stream}, {container}", graph)
            : throw new UpdatesException($"{path} has no releases for {container}");
    }

    // What a server answered is JSON with nodes and edges, and says of no schema.
    private static bool IsAnswer(byte[] content)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(content);
            return document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("nodes", out _) && !document.RootElement.TryGetProperty("schema", out _);
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
