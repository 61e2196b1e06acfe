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
/// <param name="clock">The time.</param>
public sealed class GraphFollower(IGraphSource source, AgentConfig config, double wariness, TimeProvider? clock = null) : IDisposable
{
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
        if (!isNamed && (!config.LooksForGraph || (sysroot.Booted ?? sysroot.Default)?.Origin.Image is not { } followed || GraphArtifact.PlaceFor(followed.Image) is null))
        {
            return null;
        }

        HostRelease host = HostInspector.Read(sysroot);
        string? nodeUuid = config.NodeUuid ?? TryReadNodeUuid(sysroot.Path);
        double wariness = config.RolloutWariness ?? (nodeUuid is null ? 1 : Wariness.OfNode(nodeUuid)); // who has no name is among the last
        UpdateDecision? decision;
        if (GraphSource.Create(config, nodeUuid ?? "", HostVariables.Of(config, host)) is { } source)
        {
            using var follower = new GraphFollower(source, config, wariness);
            decision = await follower.DecideAsync(host, cancellation).ConfigureAwait(false);
        }
        else
        {
            decision = await new RepositoryGraph(config, wariness, new OciOptions()).TryDecideAsync(sysroot, host, cancellation).ConfigureAwait(false);
        }

        return decision is null ? null : (decision, decision is { Kind: UpdateDecisionKind.Update, Target: { } target } ? ReleaseImage.Choose(target, host) : null);
    }

    /// <summary>Fetches the graph and decides.</summary>
    /// <exception cref="UpdatesException">The graph cannot be had.</exception>
    public async Task<UpdateDecision> DecideAsync(HostRelease host, CancellationToken cancellation)
    {
        UpdateGraph fetched = await source.FetchAsync(host, cancellation).ConfigureAwait(false);
        Graph = fetched;
        return Decide(fetched, host, wariness, config, (clock ?? TimeProvider.System).GetUtcNow());
    }

    /// <summary>What a graph says to a host.</summary>
    internal static UpdateDecision Decide(UpdateGraph graph, HostRelease host, double wariness, AgentConfig config, DateTimeOffset now)
    {
        string identity = host.Identities.FirstOrDefault(name => graph.Find(name) is not null) ?? host.Digest.ToString();
        return graph.Decide(identity, wariness, now, node => node.ImageDigest is { } digest && host.Excluded.Contains(digest), config.AllowDowngrade);
    }

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
