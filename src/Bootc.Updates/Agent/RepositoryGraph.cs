// The graph that the repository of a host's image carries.
using Bootc.Deployments;
using Bootc.Oci;
using Bootc.Oci.Model;
using Bootc.Updates.Graph;

namespace Bootc.Updates.Agent;

/// <summary>Finds the graph beside the image that a host follows (<see cref="GraphArtifact"/>), under the policy that holds for the image, and decides by it.</summary>
/// <param name="config">The settings.</param>
/// <param name="wariness">The host's wariness of rollouts, 0 to 1.</param>
/// <param name="oci">How it is fetched.</param>
/// <param name="clock">The time.</param>
public sealed class RepositoryGraph(AgentConfig config, double wariness, OciOptions oci, TimeProvider? clock = null)
{
    private readonly OwnManifests _manifests = new(Platform.Current, oci);
    private RegistryReference? _followed;

    /// <summary>The graph as it was fetched last.</summary>
    public UpdateGraph? Graph { get; private set; }

    /// <summary>Decides by the graph.</summary>
    /// <param name="sysroot">The sysroot.</param>
    /// <param name="host">What the host runs.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <returns>What the graph says; <see langword="null"/> when the repository carries none.</returns>
    /// <exception cref="UpdatesException">The graph is malformed, or it was there before and is not any more.</exception>
    /// <exception cref="PolicyRejectedException">It is not signed as it must be.</exception>
    /// <exception cref="OciException">It cannot be had.</exception>
    public async Task<UpdateDecision?> TryDecideAsync(Sysroot sysroot, HostRelease host, CancellationToken cancellation)
    {
        if (sysroot.Current?.Origin.Image is not { } followed || GraphArtifact.PlaceFor(followed.Image) is not { } place)
        {
            return null;
        }

        var artifact = new ImageReference(Transport.Registry, place.ToString());
        if (await FollowedArtifact.TryFetchAsync(sysroot, followed, artifact, GraphArtifact.Type, GraphArtifact.MaximumSize, oci, cancellation).ConfigureAwait(false) is not { } content)
        {
            // Whoever can take the graph away is not to lead hosts past a barrier.
            return _followed == place ? throw new UpdatesException($"the graph at {place}, which this host followed, is gone") : null;
        }

        Graph = GraphArtifact.Parse(content, place).Resolve(Platform.Current.Architecture, GraphNode.OciScheme);
        _followed = place;
        (UpdateDecision decision, Graph) = await GraphFollower.DecideAsync(Graph, sysroot, host, wariness, config, _manifests, (clock ?? TimeProvider.System).GetUtcNow(), cancellation).ConfigureAwait(false);
        return decision;
    }
}
