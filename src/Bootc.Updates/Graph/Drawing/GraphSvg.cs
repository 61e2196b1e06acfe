// A graph as a picture for a browser.
using System.Globalization;
using System.Net;
using System.Text;

namespace Bootc.Updates.Graph.Drawing;

/// <summary>Draws a graph in SVG: releases one above the other, the newest on top, and the ways between them as arcs beside them.</summary>
public static class GraphSvg
{
    private const int RowHeight = 44;
    private const int BoxWidth = 420;
    private const int BoxHeight = 34;
    private const int Margin = 16;
    private const int Top = 48;

    /// <summary>Draws a graph. Ways that are closed for the host are dashed, its path is blue.</summary>
    public static string Draw(GraphView view)
    {
        IReadOnlyList<GraphNode> nodes = view.Graph.Nodes;
        int longest = view.Graph.Edges.Select(edge => Math.Abs(edge.To - edge.From)).DefaultIfEmpty(1).Max();
        int left = Margin + 24 + Bend(longest);
        int width = left + BoxWidth + 460, height = Top + (nodes.Count * RowHeight) + Margin;
        var svg = new StringBuilder(string.Create(CultureInfo.InvariantCulture, $"""
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" font-family="sans-serif" font-size="14">
            <style>rect {"{ fill: #fff; stroke: #555; }"} .barrier {"{ stroke: #d80; stroke-width: 3; }"} .deadend {"{ stroke: #c00; fill: #fee; }"} .host {"{ fill: #cfe3ff; }"} path {"{ fill: none; stroke: #888; }"} .closed {"{ stroke-dasharray: 4 4; stroke: #bbb; }"} .step {"{ stroke: #06c; stroke-width: 3; }"} text {"{ fill: #222; }"} .note {"{ fill: #555; }"}</style>
            <defs><marker id="a" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" markerUnits="userSpaceOnUse" orient="auto"><path d="M0,0 L8,4 L0,8 z" style="fill: #666; stroke: none"/></marker></defs>
            <rect width="{width}" height="{height}" style="stroke: none"/>
            <text x="{Margin}" y="28" font-size="18">{Escape(view.Title)}</text>

            """));
        HashSet<GraphEdge> open = [.. view.Graph.WithoutDeadEnds().ThrottledFor(view.Wariness, view.Now).Edges];
        HashSet<GraphEdge> path = [.. view.Path.Zip(view.Path.Skip(1), (from, to) => new GraphEdge(from, to))];
        foreach (GraphEdge edge in view.Graph.Edges.OrderBy(edge => path.Contains(edge)))
        {
            int bend = Bend(Math.Abs(edge.To - edge.From));
            string kind = path.Contains(edge) ? " class=\"step\"" : open.Contains(edge) ? "" : " class=\"closed\"";
            svg.Append($"<path{kind} marker-end=\"url(#a)\" d=\"M{left},{Middle(edge.From) - 6} C{left - bend},{Middle(edge.From) - 6} {left - bend},{Middle(edge.To) + 6} {left},{Middle(edge.To) + 6}\"/>\n");
        }

        foreach ((int index, GraphNode node) in nodes.Index())
        {
            string kind = string.Join(' ', new[] { node.DeadEnd is not null ? "deadend" : node.Barrier is not null ? "barrier" : null, index == view.Host ? "host" : null }.OfType<string>());
            int y = Middle(index);
            svg.Append($"<rect class=\"{kind}\" x=\"{left}\" y=\"{y - (BoxHeight / 2)}\" width=\"{BoxWidth}\" height=\"{BoxHeight}\" rx=\"6\"/>");
            svg.Append($"<text x=\"{left + 12}\" y=\"{y + 5}\">{Escape(node.Version)}</text><text class=\"note\" x=\"{left + BoxWidth - 12}\" y=\"{y + 5}\" text-anchor=\"end\">{Escape(GraphView.Short(node))}</text>");
            svg.Append($"<text class=\"note\" x=\"{left + BoxWidth + 12}\" y=\"{y + 5}\">{Escape(string.Join("; ", [.. index == view.Host ? ["the host"] : Array.Empty<string>(), .. view.Marks(node)]))}</text>\n");
        }

        return svg.Append("</svg>\n").ToString();

        int Middle(int index) => Top + ((nodes.Count - 1 - index) * RowHeight) + (RowHeight / 2);
    }

    private static int Bend(int distance) => 20 + (int)(30 * Math.Sqrt(distance));

    private static string Escape(string text) => WebUtility.HtmlEncode(text);
}
