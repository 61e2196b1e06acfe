// The conversation of graph servers and their clients.
using System.Text;
using System.Text.Json;
using Bootc.Testing;
using Bootc.Updates.Graph;
using Bootc.Updates.Http;

namespace Bootc.Updates.Tests;

public class GraphServiceTests
{
    private readonly SettableClock _clock = new(DateTimeOffset.Parse("2026-01-02T00:00:00Z")); // the rollout of 2.3 is at 25 %

    [Fact]
    public async Task A_client_of_the_protocol_is_shown_what_is_open_to_it()
    {
        await using HttpServer server = await Serve();
        using var client = new CincinnatiClient(server.Url);
        var query = new GraphQuery("stable", "x86_64") { Oci = true, RolloutWariness = 0.2, NodeUuid = "ignored", OsVersion = "2.2", Group = "default", Platform = "qemu" };

        UpdateGraph early = await client.FetchAsync(query);
        UpdateGraph late = await client.FetchAsync(query with { RolloutWariness = 0.3 });

        Assert.Equal(["1.0->2.0", "2.0->2.2", "2.1->2.2", "2.0->2.3", "2.1->2.3", "2.2->2.3"], Show(early)); // nothing leads out of the dead end 1.1
        Assert.Equal(["1.0->2.0", "2.0->2.2", "2.1->2.2"], Show(late));
        Assert.Equal("cannot replace its boot loader", early.Nodes[1].DeadEnd);
        Assert.Equal("moves the key store", early.Nodes[2].Barrier);
        Assert.Equal(2, early.Nodes[5].Rollout!.Exponent);
    }

    [Fact]
    public async Task Without_a_wariness_the_identifier_says_how_late_a_host_is()
    {
        string early = Enumerable.Range(0, 99).Select(host => $"host-{host}").First(host => Wariness.OfNode(host) < 0.25);
        string late = Enumerable.Range(0, 99).Select(host => $"host-{host}").First(host => Wariness.OfNode(host) > 0.25);

        Assert.Equal(6, await Count($"node_uuid={early}"));
        Assert.Equal(3, await Count($"node_uuid={late}"));
        Assert.Equal(6, await Count($"node_uuid={late}&rollout_wariness=0"));
        Assert.Equal(3, await Count($"node_uuid={early}&rollout_wariness=1.0"));
        Assert.Equal(await Count("node_uuid="), await Count("rollout_wariness=x"));

        async Task<int> Count(string parameters)
        {
            using JsonDocument graph = JsonDocument.Parse((await Get($"?stream=stable&basearch=x86_64&oci=true&{parameters}")).Body);
            return graph.RootElement.GetProperty("edges").GetArrayLength();
        }
    }

    [Theory]
    [InlineData("", 400, "missing_params")]
    [InlineData("?basearch=x86_64", 400, "missing_params")]
    [InlineData("?stream=stable", 400, "missing_params")]
    [InlineData("?stream=&basearch=x86_64", 400, "missing_params")]
    [InlineData("?stream=stable&basearch=x86_64&oci=1", 400, "invalid_params")]
    [InlineData("?stream=none&basearch=x86_64", 404, "unknown_scope")]
    public async Task Requests_that_are_none_are_refused_with_an_error_object(string query, int status, string kind)
    {
        HttpAnswer answer = await Get(query);

        using JsonDocument error = JsonDocument.Parse(answer.Body);
        Assert.Equal((status, kind), (answer.Status, error.RootElement.GetProperty("kind").GetString()));
        Assert.NotEqual("", error.RootElement.GetProperty("value").GetString());
    }

    [Theory]
    [InlineData(404, """{"kind":"unknown_scope","value":"there is no graph"}""", "unknown_scope", "server-side error, code 404: there is no graph")]
    [InlineData(433, "", "generic_http_433", "server-side error, code 433: (unknown/generic server error)")]
    [InlineData(200, "<html>", "client_failed_json_decoding", "failed to decode graph: ")]
    public async Task Clients_are_told_why(int status, string body, string kind, string message)
    {
        using var server = new ScriptedServer(_ => new ScriptedAnswer(status, body));
        using var client = new CincinnatiClient($"http://{server.Address}/base/");

        CincinnatiException error = await Assert.ThrowsAsync<CincinnatiException>(() => client.FetchAsync(new GraphQuery("s t", "x86_64")));

        Assert.Equal(kind, error.Kind);
        Assert.StartsWith(message, error.Message);
        ScriptedRequest request = Assert.Single(server.Requests);
        Assert.Equal(("GET", "/base/v1/graph?basearch=x86_64&stream=s%20t", "application/json"), (request.Method, request.Path, request.Header("accept")));
    }

    [Fact]
    public async Task A_server_that_breaks_off_or_hangs_or_is_not_there_is_an_error()
    {
        using var breaking = new ScriptedServer(_ => new ScriptedAnswer(200, "{\"nodes\":[]") { BreakAfter = 5 });
        using var hanging = new ScriptedServer(_ => new ScriptedAnswer(200, "x") { Stalls = true, BreakAfter = 0 });
        foreach (string url in new[] { $"http://{breaking.Address}", $"http://{hanging.Address}", "http://127.0.0.1:1" })
        {
            using var client = new CincinnatiClient(url, timeout: TimeSpan.FromMilliseconds(500));
            Assert.Equal("client_failed_request", (await Assert.ThrowsAsync<CincinnatiException>(() => client.FetchAsync(new GraphQuery("s", "x86_64")))).Kind);
        }
    }

    [Fact]
    public void A_document_that_changes_is_read_anew_and_one_that_is_broken_is_not()
    {
        using var directory = new TestDirectory("graph");
        string path = directory.Write("stable.yaml", GraphDocumentTests.Sample);
        var log = new List<string>();
        var files = new GraphFiles([path], log.Add);
        Assert.Equal(6, Assert.Single(files.Current()).Entries.Count);

        Thread.Sleep(2100);
        File.WriteAllText(path, "nodes:");
        Assert.Equal(6, Assert.Single(files.Current()).Entries.Count);
        Assert.EndsWith("; what was read before stays in use", Assert.Single(log));

        Thread.Sleep(2100);
        File.WriteAllText(path, GraphDocumentTests.Sample[..GraphDocumentTests.Sample.IndexOf("  - version: \"2.3\"", StringComparison.Ordinal)]);
        Assert.Equal(5, Assert.Single(files.Current()).Entries.Count);
    }

    [Fact]
    public void Curl_asks_the_executable()
    {
        Peer.Require("curl");
        using var directory = new TestDirectory("graph");
        string path = directory.Write("stable.yaml", GraphDocumentTests.Sample);
        using var server = new ServerProcess("graph", "serve", path, "--listen", "127.0.0.1:0");

        CommandResult result = Peer.Run("curl", "-s", $"{server.Url}/v1/graph?stream=stable&basearch=x86_64&oci=true&rollout_wariness=1");

        Assert.Equal(6, CincinnatiGraph.Parse(Encoding.UTF8.GetBytes(result.Succeeded())).Nodes.Count);
        string metrics = Peer.Run("curl", "-s", $"{server.Url}/metrics").Succeeded();
        Assert.Contains("fcos_cincinnati_pe_v1_graph_incoming_requests_total 1", metrics);
        Assert.Contains("fcos_cincinnati_pe_v1_graph_rollout_wariness_bucket{le=\"+Inf\"} 1\nfcos_cincinnati_pe_v1_graph_rollout_wariness_sum ", metrics);
    }

    private static IEnumerable<string> Show(UpdateGraph graph) => graph.Edges.Select(edge => $"{graph.Nodes[edge.From].Version}->{graph.Nodes[edge.To].Version}");

    private GraphService Service() => new(() => [GraphDocumentTests.Load(GraphDocumentTests.Sample)], _clock);

    private Task<HttpServer> Serve() => HttpServer.StartAsync(ListenAddress.Parse("127.0.0.1:0"), null, Service(), _ => { });

    private Task<HttpAnswer> Get(string query) => Service().AnswerAsync(new HttpCall("GET", "/v1/graph", query, _ => null, default, null), default);
}
