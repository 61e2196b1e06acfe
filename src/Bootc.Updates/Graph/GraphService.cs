// A graph server: the Cincinnati protocol, as Fedora CoreOS has it.
using System.Diagnostics;
using System.Text.Json;
using Bootc.Updates.Http;

namespace Bootc.Updates.Graph;

/// <summary>
/// Answers <c>GET /v1/graph</c> for the streams of documents. Each host gets the graph without what does not concern it: releases of
/// other architectures, the ways to releases whose rollout has not reached it, the ways out of dead ends.
/// </summary>
/// <remarks>
/// Parameters: <c>stream</c> and <c>basearch</c> (both required), <c>oci</c> (true for images, false or nothing for ostree commits),
/// <c>rollout_wariness</c>, <c>node_uuid</c>; others are passed over. <c>GET /metrics</c> counts requests, under the names of
/// fedora-coreos-cincinnati.
/// </remarks>
/// <param name="documents">Gives the documents as they are now.</param>
/// <param name="clock">The time.</param>
public sealed class GraphService(Func<IReadOnlyList<GraphDocument>> documents, TimeProvider? clock = null) : IHttpService
{
    private const int MaximumHosts = 1_000_000;
    private static readonly double[] WarinessBounds = [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1];
    private static readonly long Started = new DateTimeOffset(Process.GetCurrentProcess().StartTime).ToUnixTimeSeconds();
    private readonly TimeProvider _clock = clock ?? TimeProvider.System;
    private readonly Lock _lock = new();
    private readonly HashSet<int> _hosts = [];
    private readonly long[] _wariness = new long[WarinessBounds.Length + 1];
    private double _warinessSum;
    private long _requests;

    /// <inheritdoc/>
    public Task<HttpAnswer> AnswerAsync(HttpCall call, CancellationToken cancellation) => Task.FromResult((call.Method, call.Path) switch
    {
        ("GET" or "HEAD", "/v1/graph") => AnswerGraph(QueryParameters.Parse(call.Query)),
        ("GET" or "HEAD", "/metrics") => HttpAnswer.Text(200, PrometheusText.ContentType, FormatMetrics()),
        (_, "/v1/graph" or "/metrics") => Refuse(405, "method_not_allowed", "this wants GET") with { Headers = [("Allow", "GET, HEAD")] },
        _ => Refuse(404, "not_found", "there is nothing at this path"),
    });

    private HttpAnswer AnswerGraph(IReadOnlyDictionary<string, string> query)
    {
        Count(query.GetValueOrDefault("node_uuid"));
        string[] missing = [.. new[] { "basearch", "stream" }.Where(name => query.GetValueOrDefault(name) is null or "")];
        if (missing.Length > 0)
        {
            return Refuse(400, "missing_params", $"mandatory parameters are missing: {string.Join(", ", missing)}");
        }

        if (query.GetValueOrDefault("oci", "false") is not ("true" or "false") and var oci)
        {
            return Refuse(400, "invalid_params", $"oci is true or false, not '{oci}'");
        }

        string stream = query["stream"], architecture = BaseArchitecture.ToContainer(query["basearch"]);
        if (documents().FirstOrDefault(document => document.Stream == stream) is not { } found)
        {
            return Refuse(404, "unknown_scope", $"there is no graph for stream '{stream}'");
        }

        double wariness = Wariness.Parse(query.GetValueOrDefault("rollout_wariness")) ?? Wariness.OfNode(query.GetValueOrDefault("node_uuid", ""));
        Observe(wariness);
        UpdateGraph graph = found.Resolve(architecture, query.GetValueOrDefault("oci") == "true" ? GraphNode.OciScheme : GraphNode.ChecksumScheme);
        return HttpAnswer.Json(200, CincinnatiGraph.Write(graph.ThrottledFor(wariness, _clock.GetUtcNow()).WithoutDeadEnds())) with { Headers = [("Access-Control-Allow-Origin", "*")] };
    }

    private void Count(string? host)
    {
        lock (_lock)
        {
            _requests++;
            if (host is { Length: > 0 } && _hosts.Count < MaximumHosts)
            {
                _hosts.Add(string.GetHashCode(host, StringComparison.Ordinal));
            }
        }
    }

    private void Observe(double wariness)
    {
        int bucket = Array.FindIndex(WarinessBounds, bound => wariness <= bound);
        lock (_lock)
        {
            _wariness[bucket < 0 ? WarinessBounds.Length : bucket]++;
            _warinessSum += wariness;
        }
    }

    private string FormatMetrics()
    {
        IReadOnlyList<GraphDocument> all = documents();
        var text = new PrometheusText();
        lock (_lock)
        {
            text.Begin("fcos_cincinnati_pe_v1_graph_incoming_requests_total", "counter", "Requests to /v1/graph.").Add(_requests);
            text.Begin("fcos_cincinnati_pe_v1_graph_unique_uuids_total", "counter", "Hosts that asked, about.").Add(_hosts.Count);
            text.Begin("fcos_cincinnati_pe_v1_graph_rollout_wariness", "histogram", "The wariness of the hosts that asked, by request.").AddHistogram(WarinessBounds, _wariness, _warinessSum);
        }

        text.Begin("process_start_time_seconds", "gauge", "When the server was started, in seconds since 1970.").Add(Started);
        text.Begin("bootc_graph_releases", "gauge", "Releases, by stream.").AddAll("stream", all.Select(document => (document.Stream, (double)document.Entries.Count)));
        return text.ToString();
    }

    private static HttpAnswer Refuse(int status, string kind, string value) =>
        HttpAnswer.Json(status, JsonSerializer.SerializeToUtf8Bytes(new CincinnatiDocument.Failure(kind, value), CincinnatiJson.Default.Failure)) with { ErrorKind = kind };
}
