// Graphs as graph servers answer with them.
using System.Text;
using System.Text.Json;
using Bootc.Testing;
using Bootc.Updates.Graph;

namespace Bootc.Updates.Tests;

public class CincinnatiGraphTests
{
    private const string Prefix = "org.fedoraproject.coreos.";

    [Fact]
    public void The_answer_in_zincatis_documentation_is_read_field_by_field()
    {
        UpdateGraph graph = CincinnatiGraph.Parse(File.ReadAllBytes(TestData.Get("updates/response.json")));

        Assert.Equal([new GraphEdge(0, 2), new GraphEdge(1, 2)], graph.Edges);
        Assert.Equal(
            [
                ("32.20200517.1.0", 0L, "7c23c4735fb3c541586f0a4d3ca956ef93ef7d76f00a19bccf51460bafa7ee97", "checksum"),
                ("32.20200601.1.0", 1L, "8cffe35be831fa2601d315002cb39fb22509a4e7d3db10e61f880523f69b3bf6", "checksum"),
                ("32.20200601.1.1", 2L, "08040bebbab87a3343a281f94bb68010df618eb6ce6ac3d4230d2595959b5da1", "checksum"),
            ],
            graph.Nodes.Select(node => (node.Version, node.Age, node.Payload, node.Scheme!)));
        Assert.Equal(new Rollout { Start = DateTimeOffset.Parse("2020-06-04T14:00:00Z"), StartValue = 0, Duration = TimeSpan.FromDays(2) }, graph.Nodes[2].Rollout);
        Assert.All(graph.Nodes, node => Assert.Equal((null, null, 0), (node.Barrier, node.DeadEnd, node.OtherMetadata.Count)));
    }

    [Fact]
    public void And_written_as_it_was()
    {
        string path = TestData.Get("updates/response.json");
        using JsonDocument expected = JsonDocument.Parse(File.ReadAllBytes(path));
        using JsonDocument written = JsonDocument.Parse(CincinnatiGraph.Write(CincinnatiGraph.Parse(File.ReadAllBytes(path))));

        Assert.True(JsonElement.DeepEquals(expected.RootElement, written.RootElement), written.RootElement.ToString());
    }

    [Fact]
    public void Metadata_means_what_it_means_to_zincati_and_what_it_does_not_know_stays()
    {
        string json = $$$"""
            {"nodes":[{"version":"1","payload":"quay.io/os@sha256:00","metadata":{"{{{Prefix}}}scheme":"oci","{{{Prefix}}}releases.age_index":"7",
              "{{{Prefix}}}updates.barrier":"true","{{{Prefix}}}updates.barrier_reason":"b","{{{Prefix}}}updates.deadend":"true","{{{Prefix}}}updates.deadend_reason":"d","else":"x"}}],"edges":[]}
            """;

        GraphNode node = Assert.Single(CincinnatiGraph.Parse(Encoding.UTF8.GetBytes(json)).Nodes);

        Assert.Equal(("b", "d", 7L, "sha256:00", "x"), (node.Barrier, node.DeadEnd, node.Age, node.ImageDigest, node.OtherMetadata["else"]));
        using JsonDocument expected = JsonDocument.Parse(json);
        using JsonDocument written = JsonDocument.Parse(CincinnatiGraph.Write(new UpdateGraph([node], [])));
        Assert.True(JsonElement.DeepEquals(expected.RootElement, written.RootElement), written.RootElement.ToString());
    }

    [Theory]
    [InlineData("", "client_failed_json_decoding")]
    [InlineData("{}", "client_failed_json_decoding")]
    [InlineData("null", "client_failed_json_decoding")]
    [InlineData("""{"nodes":[],"edges":[[0]]}""", "client_failed_node_lookup")]
    [InlineData("""{"nodes":[],"edges":[null]}""", "client_failed_node_lookup")]
    [InlineData("""{"nodes":[],"edges":[[0,1]]}""", "client_failed_node_lookup")]
    [InlineData("""{"nodes":[],"edges":[[-1,0]]}""", "client_failed_node_lookup")]
    [InlineData("""{"nodes":[],"edges":[[0,99999999999]]}""", "client_failed_json_decoding")]
    [InlineData("""{"nodes":[null],"edges":[]}""", "client_failed_node_parsing")]
    [InlineData("""{"nodes":[{"version":"","payload":"","metadata":{}}],"edges":[]}""", "client_failed_node_parsing")]
    [InlineData("""{"nodes":[{"version":"1","payload":"","metadata":{"a":null}}],"edges":[]}""", "client_failed_node_parsing")]
    [InlineData("""{"nodes":[{"version":"1","payload":"","metadata":{"a":1}}],"edges":[]}""", "client_failed_json_decoding")]
    public void Answers_that_are_none_are_refused(string json, string kind) =>
        Assert.Equal(kind, Assert.Throws<CincinnatiException>(() => CincinnatiGraph.Parse(Encoding.UTF8.GetBytes(json))).Kind);

    [Fact]
    public void Numbers_that_are_none_count_as_if_they_were_not_there()
    {
        string json = $$$"""
            {"nodes":[{"version":"1","payload":"x","metadata":{"{{{Prefix}}}updates.rollout":"true","{{{Prefix}}}updates.start_epoch":"x","{{{Prefix}}}updates.start_value":"NaN","{{{Prefix}}}updates.duration_minutes":"-5"}}],"edges":[]}
            """;

        Assert.Equal(new Rollout(), Assert.Single(CincinnatiGraph.Parse(Encoding.UTF8.GetBytes(json)).Nodes).Rollout);
    }
}
