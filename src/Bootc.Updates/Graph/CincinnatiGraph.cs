// Graphs in the form of the Cincinnati protocol, with the metadata of Fedora CoreOS.
using System.Globalization;
using System.Text.Json;

namespace Bootc.Updates.Graph;

/// <summary>Reads and writes graphs as the Cincinnati protocol has them.</summary>
public static class CincinnatiGraph
{
    private const string Prefix = "org.fedoraproject.coreos.";
    private const string AgeIndex = Prefix + "releases.age_index";
    private const string Scheme = Prefix + "scheme";
    private const string Barrier = Prefix + "updates.barrier";
    private const string BarrierReason = Prefix + "updates.barrier_reason";
    private const string DeadEnd = Prefix + "updates.deadend";
    private const string DeadEndReason = Prefix + "updates.deadend_reason";
    private const string Rollout = Prefix + "updates.rollout";
    private const string Duration = Prefix + "updates.duration_minutes";
    private const string StartEpoch = Prefix + "updates.start_epoch";
    private const string StartValue = Prefix + "updates.start_value";
    private const string Exponent = "bootc.updates.rollout_exponent"; // Fedora CoreOS has none
    private const string UnknownReason = "generic";
    private const long LastSecond = 253_402_300_799; // of the year 9999

    /// <summary>Reads a graph.</summary>
    /// <param name="json">JSON in UTF-8.</param>
    /// <exception cref="CincinnatiException">It is none.</exception>
    public static UpdateGraph Parse(ReadOnlySpan<byte> json)
    {
        CincinnatiDocument document;
        try
        {
            document = JsonSerializer.Deserialize(json, CincinnatiJson.Default.CincinnatiDocument) ?? throw new JsonException("it is null");
        }
        catch (JsonException e)
        {
            throw new CincinnatiException("client_failed_json_decoding", $"failed to decode graph: {e.Message}", e);
        }

        foreach (CincinnatiDocument.Node? node in document.Nodes)
        {
            if (node is not { Version.Length: > 0, Metadata: not null, Payload: not null } || node.Metadata.Values.Any(value => value is null))
            {
                throw new CincinnatiException("client_failed_node_parsing", $"node '{node?.Version}' of the graph has no version, payload or metadata");
            }
        }

        foreach (int[]? edge in document.Edges)
        {
            if (edge is not [var from, var to] || !IsNode(from) || !IsNode(to))
            {
                throw new CincinnatiException("client_failed_node_lookup", $"edge [{string.Join(", ", edge ?? [])}] leads to no node of the graph");
            }
        }

        return new UpdateGraph([.. document.Nodes.Select((node, index) => Read(node, index))], [.. document.Edges.Select(edge => new GraphEdge(edge[0], edge[1]))]);

        bool IsNode(int index) => index >= 0 && index < document.Nodes.Count;
    }

    /// <summary>Writes a graph as JSON in UTF-8.</summary>
    public static byte[] Write(UpdateGraph graph) => JsonSerializer.SerializeToUtf8Bytes(
        new CincinnatiDocument([.. graph.Nodes.Select(Write)], [.. graph.Edges.Select(edge => new[] { edge.From, edge.To })]),
        CincinnatiJson.Default.CincinnatiDocument);

    // Values that are no numbers count as if they were not there, as the graph server of Fedora CoreOS has it.
    private static GraphNode Read(CincinnatiDocument.Node node, int index)
    {
        var others = new Dictionary<string, string>(node.Metadata, StringComparer.Ordinal);
        string? Take(string key) => others.Remove(key, out string? value) ? value : null;
        double? TakeNumber(string key) => double.TryParse(Take(key), NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && double.IsFinite(number) ? number : null;
        string? age = Take(AgeIndex), barrier = Take(Barrier), barrierReason = Take(BarrierReason), deadEnd = Take(DeadEnd), deadEndReason = Take(DeadEndReason);
        bool isRollout = Take(Rollout) is not null;
        var rollout = new Rollout
        {
            Start = DateTimeOffset.FromUnixTimeSeconds(Math.Clamp(long.TryParse(Take(StartEpoch), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long start) ? start : 0, 0, LastSecond)),
            StartValue = Math.Clamp(TakeNumber(StartValue) ?? 0, 0, 1),
            Duration = uint.TryParse(Take(Duration), NumberStyles.None, CultureInfo.InvariantCulture, out uint minutes) ? TimeSpan.FromMinutes((double)Math.Max(1, minutes)) : null,
            Exponent = TakeNumber(Exponent) is > 0 and var exponent ? exponent : 1,
        };
        return new GraphNode(node.Version, long.TryParse(age, NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number : index)
        {
            Payload = node.Payload,
            Scheme = Take(Scheme),
            Barrier = barrier is null ? null : barrierReason is { Length: > 0 } ? barrierReason : UnknownReason,
            DeadEnd = deadEnd != "true" ? null : deadEndReason is { Length: > 0 } ? deadEndReason : "(unknown reason)",
            Rollout = isRollout ? rollout : null,
            OtherMetadata = others,
        };
    }

    private static CincinnatiDocument.Node Write(GraphNode node)
    {
        var metadata = new SortedDictionary<string, string>(StringComparer.Ordinal) { [AgeIndex] = Show(node.Age) };
        foreach ((string key, string value) in node.OtherMetadata)
        {
            metadata[key] = value;
        }

        Add(Scheme, node.Scheme);
        Add(Barrier, node.Barrier is null ? null : "true");
        Add(BarrierReason, node.Barrier);
        Add(DeadEnd, node.DeadEnd is null ? null : "true");
        Add(DeadEndReason, node.DeadEnd);
        if (node.Rollout is { } rollout)
        {
            Add(Rollout, "true");
            Add(StartEpoch, Show(rollout.Start.ToUnixTimeSeconds()));
            Add(StartValue, Show(rollout.StartValue));
            Add(Duration, rollout.Duration is { } duration ? Show(Math.Max(1, (long)duration.TotalMinutes)) : null);
            Add(Exponent, rollout.Exponent == 1 ? null : Show(rollout.Exponent));
        }

        return new CincinnatiDocument.Node(node.Version, metadata, node.Payload);

        void Add(string key, string? value)
        {
            if (value is not null)
            {
                metadata[key] = value;
            }
        }
    }

    private static string Show(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Show(double number) => number.ToString("R", CultureInfo.InvariantCulture);
}
