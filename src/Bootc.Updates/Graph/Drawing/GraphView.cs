// What is drawn of a graph.
namespace Bootc.Updates.Graph.Drawing;

/// <summary>A graph as it is drawn: for one architecture, perhaps with a host in it.</summary>
/// <param name="Title">What it is.</param>
/// <param name="Graph">The graph, with ways that are closed as yet.</param>
/// <param name="Now">The time.</param>
public sealed record GraphView(string Title, UpdateGraph Graph, DateTimeOffset Now)
{
    /// <summary>The index of the host's release.</summary>
    public int? Host { get; init; }

    /// <summary>The host's wariness; the ways that are open for it are its path.</summary>
    public double Wariness { get; init; } = 1;

    /// <summary>The releases that the host goes through from now on, its own first; empty without a host.</summary>
    public IReadOnlyList<int> Path => Host is { } host ? Graph.WithoutDeadEnds().ThrottledFor(Wariness, Now).PathFrom(host) : [];

    /// <summary>What is special about a release, in a few words each.</summary>
    internal IEnumerable<string> Marks(GraphNode node)
    {
        if (node.Barrier is { } barrier)
        {
            yield return $"barrier: {barrier}";
        }

        if (node.DeadEnd is { } deadEnd)
        {
            yield return $"dead end: {deadEnd}";
        }

        if (node.Rollout is { } rollout)
        {
            yield return Describe(rollout);
        }
    }

    /// <summary>A digest or checksum, short enough to be read.</summary>
    internal static string Short(GraphNode node) => node.ImageDigest is { } digest ? digest[..Math.Min(digest.Length, 19)] : node.Payload[..Math.Min(node.Payload.Length, 12)];

    private string Describe(Rollout rollout)
    {
        double progress = Math.Floor(rollout.ProgressAt(Now) * 100);
        return Now < rollout.Start ? $"rollout from {rollout.Start.UtcDateTime:yyyy-MM-dd HH:mm} UTC on"
            : progress >= 100 ? "rolled out"
            : rollout.End is { } end ? $"rollout {progress}%, until {end.UtcDateTime:yyyy-MM-dd HH:mm} UTC"
            : $"rollout {progress}%";
    }
}
