// A host that follows a graph.
using Bootc.Deployments;
using Bootc.Oci;
using Bootc.Oci.Model;
using Bootc.Updates.Graph;

namespace Bootc.Updates.Agent;

/// <summary>Decides what a host does by a graph that it follows.</summary>
/// <param name="source">Where the graph comes from.</param>
/// <param name="config">The settings.</param>
/// <param name="wariness">The host's wariness of rollouts, 0 to 1.</param>
/// <param name="oci">How registries are asked.</param>
/// <param name="clock">The time.</param>
public sealed class GraphFollower(IGraphSource source, AgentConfig config, double wariness, OciOptions oci, TimeProvider? clock = null) : IDisposable
{
    private readonly OwnManifests _manifests = new(Platform.Current, oci);

    /// <summary>Where the graph comes from, for people.</summary>
    public string Description => source.Description;

    /// <summary>The graph as it was fetched last.</summary>
    public UpdateGraph? Graph { get; private set; }

    /// <summary>The graph that this project's settings have for the running host, or its repository carries, or one that is named, for one decision of a user's.</summary>
    /// <param name="sysroot">The sysroot.</param>
    /// <param name="document">A path or URL of a graph that counts instead of the settings.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <returns>What the graph says, and the image that an update goes to; <see langword="null"/> when there is no graph.</returns>
    /// <exception cref="UpdatesException">The graph or the settings cannot be had, or the graph leads to another repository.</exception>
    public static async Task<(UpdateDecision Decision, Digest? Image)?> DecideAsync(Sysroot sysroot, string? document, CancellationToken cancellation)
    {
        AgentConfig config = sysroot.Path == "/" ? AgentConfig.LoadOwn() : new AgentConfig();
        config = document is null ? config : config with { GraphDocument = document, CincinnatiBaseUrl = null };
        bool isNamed = config is not { GraphDocument: null, CincinnatiBaseUrl: null };
        if (!isNamed && (!config.LooksForGraph || sysroot.Current?.Origin.Image is not { } followed || GraphArtifact.PlaceFor(followed.Image) is null))
        {
            return null;
        }

        HostRelease host = HostInspector.Read(sysroot);
        string? nodeUuid = config.NodeUuid ?? TryReadNodeUuid(sysroot.Path);
        double wariness = config.RolloutWariness ?? (nodeUuid is null ? 1 : Wariness.OfNode(nodeUuid)); // who has no name is among the last
        UpdateDecision? decision;
        if (GraphSource.Create(config, nodeUuid ?? "", HostVariables.Of(config, host)) is { } source)
        {
            using var follower = new GraphFollower(source, config, wariness, new OciOptions());
            decision = await follower.DecideAsync(sysroot, host, cancellation).ConfigureAwait(false);
        }
        else
        {
            decision = await new RepositoryGraph(config, wariness, new OciOptions()).TryDecideAsync(sysroot, host, cancellation).ConfigureAwait(false);
        }

        return decision is null ? null : (decision, decision is { Kind: UpdateDecisionKind.Update, Target: { } target } ? ReleaseImage.Choose(target, host) : null);
    }

    /// <summary>Fetches the graph and decides.</summary>
    /// <exception cref="UpdatesException">The graph cannot be had.</exception>
    /// <exception cref="OciException">The graph names indices, and the registry cannot be asked which images of them are the host's.</exception>
    public async Task<UpdateDecision> DecideAsync(Sysroot sysroot, HostRelease host, CancellationToken cancellation)
    {
        Graph = await source.FetchAsync(host, cancellation).ConfigureAwait(false);
        (UpdateDecision decision, Graph) = await DecideAsync(Graph, sysroot, host, wariness, config, _manifests, (clock ?? TimeProvider.System).GetUtcNow(), cancellation).ConfigureAwait(false);
        return decision;
    }

    /// <summary>What a graph says to a host, and the graph as it looks from there.</summary>
    internal static Task<(UpdateDecision Decision, UpdateGraph Graph)> DecideAsync(
        UpdateGraph graph, Sysroot sysroot, HostRelease host, double wariness, AgentConfig config, OwnManifests manifests, DateTimeOffset now, CancellationToken cancellation) => manifests.DecideAsync(
        graph,
        host,
        IndexRecord.Load(sysroot),
        known => known.Decide(FindIdentity(known, host), wariness, now, node => (node.HostDigest ?? node.ImageDigest) is { } digest && host.Excluded.Contains(digest), config.AllowDowngrade),
        cancellation);

    // By what it follows a host is known where nobody can say what that stands for any more.
    private static string FindIdentity(UpdateGraph graph, HostRelease host) =>
        host.Identities.FirstOrDefault(name => graph.Find(name) is { } index && (name != host.FollowedDigest?.ToString() || graph.Nodes[index].HostDigest is null || graph.Nodes[index].Is(host.Digest.ToString()))) ?? host.Digest.ToString();

    /// <inheritdoc/>
    public void Dispose() => source.Dispose();

    private static string? TryReadNodeUuid(string root)
    {
        try
        {
            return NodeUuid.OfHost(root);
        }
        catch (UpdatesException)
        {
            return null;
        }
    }
}
