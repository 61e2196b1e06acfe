// A graph as text for a terminal.
using System.Text;

namespace Bootc.Updates.Graph.Drawing;

/// <summary>Draws a graph as lines, the newest release first.</summary>
public static class GraphText
{
    /// <summary>Draws a graph.</summary>
    public static string Draw(GraphView view)
    {
        var text = new StringBuilder($"{view.Title}\n\n");
        IReadOnlyList<GraphNode> nodes = view.Graph.Nodes;
        IReadOnlyList<int> path = view.Path;
        int width = nodes.Max(node => node.Version.Length);
        for (int i = nodes.Count - 1; i >= 0; i--)
        {
            GraphNode node = nodes[i];
            char mark = i == view.Host ? '@' : node.DeadEnd is not null ? 'x' : node.Barrier is not null ? '#' : 'o';
            text.Append($"{(path.Count > 1 && path.Contains(i) ? '>' : ' ')}{mark} {node.Version.PadRight(width)}  {GraphView.Short(node)}");
            foreach (string note in view.Marks(node))
            {
                text.Append("  ").Append(note);
            }

            text.Append(Came(view.Graph, i)).Append('\n');
        }

        if (view.Host is { } host)
        {
            text.Append(path.Count > 1
                ? $"\n@ goes from {nodes[host].Version} to {string.Join(", then ", path.Skip(1).Select(index => nodes[index].Version))}\n"
                : $"\n@ is at {nodes[host].Version} and stays there\n");
        }

        return text.Append("\no release  # barrier  x dead end").Append(view.Host is null ? "\n" : "  @ the host  > its way\n").ToString();
    }

    // From where ways lead here: as a span where they are neighbours, as they nearly always are.
    private static string Came(UpdateGraph graph, int to)
    {
        int[] from = [.. graph.Edges.Where(edge => edge.To == to).Select(edge => edge.From).Distinct().Order()];
        return from switch
        {
            [] => "",
            [var one] => $"  <- {graph.Nodes[one].Version}",
            _ when from[^1] - from[0] == from.Length - 1 => $"  <- {graph.Nodes[from[0]].Version} ... {graph.Nodes[from[^1]].Version}",
            _ => $"  <- {string.Join(", ", from.Select(index => graph.Nodes[index].Version))}",
        };
    }
}
