// Documents of graphs: what they mean, and what is wrong with them.
using System.Text;
using System.Text.Json;
using Bootc.Testing;
using Bootc.Updates.Documents;
using Bootc.Updates.Graph;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Bootc.Updates.Tests;

public class GraphDocumentTests
{
    internal const string Sample = """
        schema: bootc.update-graph/v1
        stream: stable
        repository: quay.io/example/os
        nodes:
          - version: "1.0"
            image: sha256:1000000000000000000000000000000000000000000000000000000000000000
          - version: "1.1"
            image: sha256:1100000000000000000000000000000000000000000000000000000000000000
            deadEnd: cannot replace its boot loader
          - version: "2.0"
            image: sha256:2000000000000000000000000000000000000000000000000000000000000000
            barrier: moves the key store
          - version: "2.1"
            image: sha256:2100000000000000000000000000000000000000000000000000000000000000
          - version: "2.2"
            image: sha256:2200000000000000000000000000000000000000000000000000000000000000
            architecture: [x86_64, arm64]
          - version: "2.3"
            image: sha256:2300000000000000000000000000000000000000000000000000000000000000
            architecture: amd64
            rollout: {start: 2026-01-01T00:00:00Z, duration: 2d, exponent: 2}
        """;

    [Fact]
    public void Ways_that_are_implied_stop_at_barriers_and_lead_to_rollouts_and_the_newest_release()
    {
        UpdateGraph graph = Load(Sample).Resolve("amd64", GraphNode.OciScheme);

        Assert.Equal(
            ["1.0->2.0", "1.1->2.0", "2.0->2.2", "2.1->2.2", "2.0->2.3", "2.1->2.3", "2.2->2.3"],
            graph.Edges.Select(edge => $"{graph.Nodes[edge.From].Version}->{graph.Nodes[edge.To].Version}"));
        Assert.Equal("quay.io/example/os@sha256:2300000000000000000000000000000000000000000000000000000000000000", graph.Nodes[^1].Payload);
    }

    [Fact]
    public void An_architecture_has_its_own_releases_only()
    {
        GraphDocument document = Load(Sample);

        Assert.Equal(["1.0", "1.1", "2.0", "2.1", "2.2"], document.Resolve("arm64", GraphNode.OciScheme).Nodes.Select(node => node.Version));
        Assert.Equal(["1.0", "1.1", "2.0", "2.1"], document.Resolve("s390x", GraphNode.OciScheme).Nodes.Select(node => node.Version));
        Assert.Empty(document.Resolve("amd64", GraphNode.ChecksumScheme).Nodes);
        Assert.Equal(["amd64", "arm64"], document.Architectures);
    }

    [Fact]
    public void Ways_that_are_given_are_all_there_are()
    {
        UpdateGraph graph = Load(Sample + "\nedges:\n- {from: '1.0', to: '2.0'}\n- {from: '2.0', to: '2.3'}\n").Resolve("amd64", GraphNode.OciScheme);

        Assert.Equal([new GraphEdge(0, 2), new GraphEdge(2, 5)], graph.Edges);
    }

    [Fact]
    public void A_host_goes_through_barriers_one_by_one()
    {
        UpdateGraph graph = Load(Sample).Resolve("amd64", GraphNode.OciScheme);

        Assert.Equal(["1.0", "2.0", "2.3"], graph.PathFrom(0).Select(index => graph.Nodes[index].Version));
    }

    [Theory]
    [InlineData("1.0", "2026-01-01T00:00:00Z", 0.5, UpdateDecisionKind.Update, "2.0", null)]
    [InlineData("1.1", "2026-01-01T00:00:00Z", 0.5, UpdateDecisionKind.DeadEnd, null, null)]
    [InlineData("2.0", "2026-01-01T00:00:00Z", 0.5, UpdateDecisionKind.Update, "2.2", null)] // the rollout has not reached it
    [InlineData("2.2", "2026-01-01T00:00:00Z", 0.25, UpdateDecisionKind.WaitsForRollout, "2.3", "2026-01-02T00:00:00Z")] // half of the time, squared
    [InlineData("2.2", "2026-01-02T00:00:00Z", 0.25, UpdateDecisionKind.Update, "2.3", null)]
    [InlineData("2.2", "2026-01-02T00:00:00Z", 0.26, UpdateDecisionKind.WaitsForRollout, "2.3", "2026-01-02T00:28:31Z")]
    [InlineData("2.2", "2026-01-03T00:00:01Z", 1, UpdateDecisionKind.Update, "2.3", null)]
    [InlineData("2.2", "2025-12-01T00:00:00Z", 0, UpdateDecisionKind.Update, "2.3", null)] // who is not wary at all does not wait for the start
    [InlineData("2.3", "2026-01-01T00:00:00Z", 0.5, UpdateDecisionKind.UpToDate, null, null)]
    [InlineData("3.0", "2026-01-01T00:00:00Z", 0.5, UpdateDecisionKind.NotInGraph, null, null)] // ahead of the graph
    public void What_a_host_does(string version, string now, double wariness, UpdateDecisionKind kind, string? target, string? reachedAt)
    {
        UpdateGraph graph = Load(Sample).Resolve("amd64", GraphNode.OciScheme);
        string digest = graph.FindVersion(version) is { } index ? graph.Nodes[index].ImageDigest! : "sha256:3000";

        UpdateDecision decision = graph.Decide(digest, wariness, DateTimeOffset.Parse(now));

        DateTimeOffset? reached = decision.ReachedAt is { } time ? time.AddTicks(-(time.Ticks % TimeSpan.TicksPerSecond)) : null;
        Assert.Equal((kind, target, reachedAt is null ? null : (DateTimeOffset?)DateTimeOffset.Parse(reachedAt)), (decision.Kind, decision.Target?.Version, reached));
    }

    [Fact]
    public void A_release_that_is_excluded_is_passed_over()
    {
        UpdateGraph graph = Load(Sample).Resolve("amd64", GraphNode.OciScheme);

        Assert.Equal("2.2", graph.Decide(graph.Nodes[2].ImageDigest!, 0, DateTimeOffset.UnixEpoch, node => node.Version == "2.3").Target!.Version);
    }

    [Fact]
    public void The_sample_is_as_the_schema_says() => Assert.Empty(Schema().Check(ToJson(Sample)));

    [Fact]
    public void A_document_in_JSON_is_one_in_YAML() => Assert.Equal(6, Load(ToJson(Sample)).Entries.Count);

    [Theory]
    [InlineData("", "1:1: error: there are 0 documents, and one is wanted")]
    [InlineData("[", "2:1: error: this is no YAML")]
    [InlineData("- a", "1:1: error: the document is no mapping")]
    [InlineData("schema: bootc.update-graph/v2\nstream: s\nnodes: []", "1:1: error: the schema is 'bootc.update-graph/v2', not bootc.update-graph/v1")]
    [InlineData("schema: bootc.update-graph/v1\nstream: s", "1:1: error: the document has no nodes")]
    [InlineData("schema: bootc.update-graph/v1\nstream: s\nnodes: {}", "3:8: error: nodes is no list")]
    [InlineData("schema: bootc.update-graph/v1\nstream: s\nnodes: [7]", "3:9: error: a node is no mapping")]
    public void What_is_no_document_says_why(string text, string fault)
    {
        Assert.StartsWith(fault, Assert.Single(GraphDocument.Lint(text), found => found.ToString().StartsWith(fault, StringComparison.Ordinal)).ToString());
        using var directory = new TestDirectory("graph");
        string path = directory.Write("g.yaml", text);
        Assert.StartsWith($"{path}:", Assert.Throws<GraphFormatException>(() => GraphDocument.Load(path)).Message);
    }

    [Theory]
    [InlineData("version: '1'", "node 1 has neither image nor checksum")]
    [InlineData("image: sha256:1000000000000000000000000000000000000000000000000000000000000000", "a node has no version")]
    [InlineData("{version: '1', image: latest}", "image is 'latest', not a digest, sha256: and 64 hexadecimal digits")]
    [InlineData("{version: '1', checksum: abc}", "checksum is 'abc', not a checksum of 64 hexadecimal digits")]
    [InlineData("{version: '', IMAGE}", "version is no text")]
    [InlineData("{version: [1], IMAGE}", "version is no text")]
    [InlineData("{version: '1', IMAGE, age: -1}", "age is '-1', not a whole number")]
    [InlineData("{version: '1', IMAGE, architecture: vax}", "architecture is 'vax', which is none that is known")]
    [InlineData("{version: '1', IMAGE, barrier: null}", "barrier is no text")]
    [InlineData("{version: '1', IMAGE, dead_end: x}", "a node has a member 'dead_end', which bootc.update-graph/v1 does not know")]
    [InlineData("{version: '1', IMAGE, rollout: yes}", "a rollout is no mapping")]
    [InlineData("{version: '1', IMAGE, rollout: {start: yesterday}}", "start is 'yesterday', not a time with its zone, as 2026-01-31T08:00:00Z")]
    [InlineData("{version: '1', IMAGE, rollout: {start: 2026-01-31T08:00:00}}", "start is '2026-01-31T08:00:00', not a time with its zone, as 2026-01-31T08:00:00Z")]
    [InlineData("{version: '1', IMAGE, rollout: {start: 2026-02-31T08:00:00Z}}", "start is '2026-02-31T08:00:00Z', not a time with its zone, as 2026-01-31T08:00:00Z")]
    [InlineData("{version: '1', IMAGE, rollout: {duration: 2 days}}", "duration is '2 days', not a duration, as 90m, 48h or 2d12h")]
    [InlineData("{version: '1', IMAGE, rollout: {duration: 0h}}", "duration is '0h', not a duration, as 90m, 48h or 2d12h")]
    [InlineData("{version: '1', IMAGE, rollout: {startValue: 2}}", "startValue is '2', not a number between 0 and 1")]
    [InlineData("{version: '1', IMAGE, rollout: {exponent: NaN}}", "exponent is 'NaN', not a number between 0.01 and 100")]
    public void What_is_no_node_says_why(string node, string message)
    {
        string text = Document(node);

        DocumentFault fault = Assert.Single(GraphDocument.Lint(text), found => found.IsError);

        Assert.Equal(message, fault.Message);
    }

    [Theory]
    [InlineData("version: '1'")]
    [InlineData("{version: '1', image: latest}")]
    [InlineData("{version: '1', IMAGE, age: -1}")]
    [InlineData("{version: '1', IMAGE, architecture: vax}")]
    [InlineData("{version: '1', IMAGE, dead_end: x}")]
    [InlineData("{version: '1', IMAGE, rollout: {startValue: 2}}")]
    [InlineData("{version: '1', IMAGE, rollout: {duration: 2 days}}")]
    public void The_schema_refuses_the_same(string node) => Assert.NotEmpty(Schema().Check(ToJson(Document(node))));

    [Theory]
    [InlineData("edges: x", "edges is neither 'implied' nor a list")]
    [InlineData("edges: [{from: '1', to: '3'}]", "there is no node of the version '3'")]
    [InlineData("edges: [{from: '2', to: '1'}]", "the edge from 2 to 1 leads to no newer version")]
    [InlineData("edges: [{from: '1', to: '1'}]", "the edge from 1 to 1 leads to no newer version")]
    [InlineData("edges: [{from: '1', to: '2'}, {from: '1', to: '2'}]", "the edge from 1 to 2 is there twice")]
    [InlineData("edges: [{from: '1'}]", "an edge has no to")]
    public void What_are_no_edges_says_why(string edges, string message)
    {
        string text = Document("{version: '1', IMAGE}", "{version: '2', image: sha256:2000000000000000000000000000000000000000000000000000000000000000}") + "\n" + edges;

        Assert.Equal(message, Assert.Single(GraphDocument.Lint(text), found => found.IsError).Message);
    }

    [Fact]
    public void Nodes_that_are_the_same_for_an_architecture_are_refused()
    {
        const string Other = "image: sha256:2000000000000000000000000000000000000000000000000000000000000000";

        Assert.Equal("the version 1 is that of another node too (line 5)", Single(Document("{version: '1', IMAGE}", $"{{version: '1', {Other}}}")));
        Assert.Equal("the image sha256:1000000000000000000000000000000000000000000000000000000000000000 is that of another node too (line 5)", Single(Document("{version: '1', IMAGE}", "{version: '2', IMAGE}")));
        Assert.Equal("the age 7 is that of another node too (line 5)", Single(Document("{version: '1', IMAGE, age: 7}", $"{{version: '2', {Other}, age: 7}}")));
        Assert.Empty(GraphDocument.Lint(Document("{version: '1', IMAGE, architecture: amd64}", $"{{version: '1', {Other}, architecture: arm64}}")));

        static string Single(string text) => Assert.Single(GraphDocument.Lint(text), found => found.IsError).Message;
    }

    [Fact]
    public void What_is_hardly_meant_is_warned_of()
    {
        string text = Document(
            "{version: '1', IMAGE}",
            "{version: '2', image: sha256:2000000000000000000000000000000000000000000000000000000000000000, barrier: why}",
            "{version: '3', image: sha256:3000000000000000000000000000000000000000000000000000000000000000, rollout: {startValue: 0.1}}",
            "{version: '4', image: sha256:4000000000000000000000000000000000000000000000000000000000000000}") + "\nedges: [{from: '1', to: '3'}, {from: '3', to: '4'}]";

        Assert.Equal(
            [
                "5:1: warning: the edge from 1 to 3 passes the barrier 2",
                "6:1: warning: hosts of 2 for amd64 get no further than 2; 4 is the newest",
                "7:1: warning: the rollout of 3 has no duration: it stays at 10% for ever",
            ],
            GraphDocument.Lint(text).Select(fault => fault.ToString().Replace("10 %", "10%")));
    }

    [Fact]
    public void A_document_that_is_nested_without_end_is_refused()
    {
        Assert.Contains(GraphDocument.Lint("schema: " + new string('[', 100_000)), fault => fault.Message == "the document is nested too deeply");
    }

    [Theory]
    [InlineData("? &a [*a]\n: 1", "the key of a mapping is no text")]
    [InlineData("? &a {k: *a}\n: 1", "the key of a mapping is no text")]
    [InlineData("a: &a x\n*a : 1", "the key of a mapping is no text")]
    [InlineData("[[x]: 1]: 1", "the key of a mapping is no text")]
    [InlineData("nodes: &a [*a]", "the alias '*a' stands before the end of what it names")]
    [InlineData("nodes: [*a]\nedges: &a x", "the alias '*a' stands before the end of what it names")]
    public void What_contains_itself_is_refused(string members, string message)
    {
        DocumentFault fault = Assert.Single(GraphDocument.Lint("schema: bootc.update-graph/v1\n" + members));

        Assert.Equal((true, message), (fault.IsError, fault.Message));
        Assert.InRange(fault.Line, 2, 3);
    }

    [Fact]
    public void Aliases_that_multiply_are_refused()
    {
        string levels = string.Join('\n', Enumerable.Range(1, 9).Select(level => $"l{level}: &l{level} [{string.Join(',', Enumerable.Repeat($"*l{level - 1}", 9))}]"));

        Assert.Equal("the document repeats too much by its aliases", Assert.Single(GraphDocument.Lint($"l0: &l0 x\n{levels}\n")).Message);
        Assert.Equal("the key of a mapping is no text", Assert.Single(GraphDocument.Lint($"l0: &l0 x\n{levels[..levels.IndexOf("l3:", StringComparison.Ordinal)]}? [*l2]\n: 1\n")).Message);
    }

    [Fact]
    public void What_is_the_same_may_be_named_by_an_alias()
    {
        const string Second = "{version: '2', image: sha256:2000000000000000000000000000000000000000000000000000000000000000, architecture: *all }";

        GraphDocument document = Load(Document("{version: '1', IMAGE, architecture: &all [amd64, arm64]}", Second));

        Assert.Equal(["amd64", "arm64"], document.Entries[1].Architectures);
    }

    [Fact]
    public void Truncated_and_garbled_documents_are_refused_or_read_and_nothing_else()
    {
        const string Odd = "{}[]:-&*!|>'\"%@`,?# \n\t\0x0";
        var random = new Random(6);
        for (int i = 0; i < 2000; i++)
        {
            char[] text = Sample.ToCharArray()[..random.Next(Sample.Length)];
            for (int j = 0; j < random.Next(4) && text.Length > 0; j++)
            {
                text[random.Next(text.Length)] = Odd[random.Next(Odd.Length)];
            }

            GraphDocument.Lint(new string(text));
        }
    }

    internal static GraphDocument Load(string text)
    {
        using var directory = new TestDirectory("graph");
        return GraphDocument.Load(directory.Write("graph.yaml", text));
    }

    private static string Document(params string[] nodes) => $"""
        schema: bootc.update-graph/v1
        stream: s
        repository: quay.io/os
        nodes:
        {string.Join('\n', nodes.Select(node => "- " + node.Replace("IMAGE", "image: sha256:1000000000000000000000000000000000000000000000000000000000000000")))}
        """;

    private static JsonSchema Schema() => JsonSchema.Load(Path.Combine(TestData.RepositoryRoot, "docs", "formats", "update-graph-v1.schema.json"));

    private static string ToJson(string yaml)
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(yaml));
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            Write(stream.Documents[0].RootNode, writer);
        }

        return Encoding.UTF8.GetString(buffer.ToArray());
    }

    private static void Write(YamlNode node, Utf8JsonWriter writer)
    {
        switch (node)
        {
            case YamlMappingNode mapping:
                writer.WriteStartObject();
                foreach ((YamlNode key, YamlNode value) in mapping)
                {
                    writer.WritePropertyName(((YamlScalarNode)key).Value!);
                    Write(value, writer);
                }

                writer.WriteEndObject();
                break;
            case YamlSequenceNode sequence:
                writer.WriteStartArray();
                foreach (YamlNode item in sequence)
                {
                    Write(item, writer);
                }

                writer.WriteEndArray();
                break;
            case YamlScalarNode { Style: ScalarStyle.Plain } scalar when double.TryParse(scalar.Value, System.Globalization.CultureInfo.InvariantCulture, out double number):
                writer.WriteNumberValue(number);
                break;
            default:
                writer.WriteStringValue(((YamlScalarNode)node).Value);
                break;
        }
    }
}
