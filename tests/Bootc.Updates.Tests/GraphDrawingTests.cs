// Graphs as people look at them.
using System.Xml.Linq;
using Bootc.Testing;
using Bootc.Updates.Graph;
using Bootc.Updates.Graph.Drawing;

namespace Bootc.Updates.Tests;

public class GraphDrawingTests
{
    private static readonly UpdateGraph Graph = GraphDocumentTests.Load(GraphDocumentTests.Sample).Resolve("amd64", GraphNode.OciScheme);
    private static readonly GraphView View = new("os", Graph, DateTimeOffset.Parse("2026-01-02T00:00:00Z")) { Host = 0, Wariness = 0.5 };

    [Fact]
    public void As_text() => Assert.Equal(
        """
        os

         o 2.3  sha256:230000000000  rollout 25%, until 2026-01-03 00:00 UTC  <- 2.0 ... 2.2
        >o 2.2  sha256:220000000000  <- 2.0 ... 2.1
         o 2.1  sha256:210000000000
        ># 2.0  sha256:200000000000  barrier: moves the key store  <- 1.0 ... 1.1
         x 1.1  sha256:110000000000  dead end: cannot replace its boot loader
        >@ 1.0  sha256:100000000000

        @ goes from 1.0 to 2.0, then 2.2

        o release  # barrier  x dead end  @ the host  > its way

        """,
        GraphText.Draw(View));

    [Fact]
    public void As_a_picture_that_is_well_formed_and_takes_no_markup_from_the_document()
    {
        UpdateGraph hostile = new([new GraphNode("<script>&\"'", 0) { Payload = "x", Barrier = "</svg>" }, new GraphNode("2", 1) { Payload = "" }], [new GraphEdge(0, 1)]);
        foreach (GraphView view in new[] { View, View with { Host = null }, new GraphView("]]>", hostile, default) })
        {
            XElement svg = XDocument.Parse(GraphSvg.Draw(view)).Root!;

            Assert.Equal(view.Graph.Edges.Count + 1, svg.Descendants().Count(element => element.Name.LocalName == "path")); // and the arrow's head
            Assert.DoesNotContain(svg.Descendants(), element => element.Name.LocalName == "script");
        }
    }

    [Fact]
    public void For_Graphviz()
    {
        string dot = GraphDot.Draw(View);

        Assert.Contains("  n0 -> n2 [penwidth=3, color=blue];\n", dot);
        Assert.Contains("  n1 -> n2 [style=dashed, color=gray];\n", dot); // nothing leads out of a dead end
        Assert.Contains("  n2 -> n5 [style=dashed, color=gray];\n", dot); // the rollout has not reached the host
        Peer.Require("dot");
        Assert.Contains("<svg", Peer.Run("dot", ["-Tsvg"], dot).Succeeded());
    }

    [Fact]
    public void By_the_command()
    {
        string answer = TestData.Get("updates/response.json");

        Assert.Contains("o 32.20200601.1.1  08040bebbab8  rolled out  <- 32.20200517.1.0 ... 32.20200601.1.0\n", BootcProgram.Run("graph", "show", answer).Succeeded());
        Assert.Contains("@ goes from 32.20200517.1.0 to 32.20200601.1.1\n", BootcProgram.Run("graph", "show", answer, "--host", "32.20200517.1.0").Succeeded());
        Assert.Equal(CincinnatiGraph.Parse(File.ReadAllBytes(answer)).Edges, CincinnatiGraph.Parse(System.Text.Encoding.UTF8.GetBytes(BootcProgram.Run("graph", "show", answer, "--format", "json").Succeeded())).Edges);
        Assert.Equal((1, "error: the graph has no release '33'\n"), BootcProgram.Run("graph", "show", answer, "--host", "33") is var result ? (result.ExitCode, result.Error) : default);
    }

    [Fact]
    public void Documents_are_checked_by_the_command()
    {
        using var directory = new TestDirectory("graph");
        string good = directory.Write("good.yaml", GraphDocumentTests.Sample), bad = directory.Write("bad.yaml", "schema: bootc.update-graph/v1\nstream: s\nnodes: {}\n");

        Assert.Equal("", BootcProgram.Run("graph", "lint", "--strict", good).Succeeded());
        CommandResult result = BootcProgram.Run("graph", "lint", good, bad);
        Assert.Equal((1, $"{bad}:3:8: error: nodes is no list\n{bad}:1:1: error: the document has no nodes\n"), (result.ExitCode, result.Output));
    }
}
