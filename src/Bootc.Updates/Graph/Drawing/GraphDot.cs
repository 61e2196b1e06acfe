// A graph for Graphviz.
using System.Text;

namespace Bootc.Updates.Graph.Drawing;

/// <summary>Writes a graph in the language DOT.</summary>
public static class GraphDot
{
    /// <summary>Writes a graph. Ways that are closed for the host are dashed, its path is bold.</summary>
    public static string Draw(GraphView view)
    {
        var text = new StringBuilder($"digraph updates {{\n  label={Quote(view.Title)};\n  rankdir=BT;\n  node [shape=box, fontname=\"sans-serif\"];\n");
        foreach ((int index, GraphNode node) in view.Graph.Nodes.Index())
        {
            string label = string.Join("\n", [node.Version, GraphView.Short(node), .. view.Marks(node)]);
            string style = (node.DeadEnd, node.Barrier) switch { (not null, _) => ", color=red", (_, not null) => ", color=orange, penwidth=3", _ => "" };
            text.Append($"  n{index} [label={Quote(label)}{style}{(index == view.Host ? ", style=filled, fillcolor=lightblue" : "")}];\n");
        }

        HashSet<GraphEdge> open = [.. view.Graph.WithoutDeadEnds().ThrottledFor(view.Wariness, view.Now).Edges];
        HashSet<GraphEdge> path = [.. view.Path.Zip(view.Path.Skip(1), (from, to) => new GraphEdge(from, to))];
        foreach (GraphEdge edge in view.Graph.Edges)
        {
            text.Append($"  n{edge.From} -> n{edge.To}{(path.Contains(edge) ? " [penwidth=3, color=blue]" : open.Contains(edge) ? "" : " [style=dashed, color=gray]")};\n");
        }

        return text.Append("}\n").ToString();
    }

    private static string Quote(string text) => $"\"{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal)}\"";
}
