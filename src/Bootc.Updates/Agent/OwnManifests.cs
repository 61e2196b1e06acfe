// Where a host stands in a graph that names indices of images for several architectures.
using Bootc.Deployments;
using Bootc.Oci;
using Bootc.Oci.Model;
using Bootc.Oci.Registry;
using Bootc.Updates.Graph;

namespace Bootc.Updates.Agent;

/// <summary>
/// Finds which manifest of an index is a host's. Hosts run manifests, and graphs may name the indices that these were chosen from: the
/// registry is asked for an index once, and only where it matters.
/// </summary>
/// <param name="platform">The host's platform.</param>
/// <param name="oci">How registries are asked.</param>
public sealed class OwnManifests(Platform platform, OciOptions oci)
{
    private const int AtOnce = 8;
    private readonly HashSet<Digest> _missing = []; // asked for again after a restart
    private Dictionary<Digest, Digest> _known = [];

    /// <summary>Decides by a graph, whose releases are told apart by what the host would run of them.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="host">The host.</param>
    /// <param name="record">What is known from before; what is found is added.</param>
    /// <param name="decide">Decides by the graph as far as it is known.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <returns>The decision, and the graph by which it was made.</returns>
    /// <exception cref="OciException">A registry cannot be asked.</exception>
    public async Task<(UpdateDecision Decision, UpdateGraph Graph)> DecideAsync(
        UpdateGraph graph, HostRelease host, IndexRecord record, Func<UpdateGraph, UpdateDecision> decide, CancellationToken cancellation)
    {
        if (host.Repository is null)
        {
            return (decide(graph), graph);
        }

        _known = new Dictionary<Digest, Digest>(record.Manifests);
        graph = await LocateAsync(graph, host, cancellation).ConfigureAwait(false);
        while (true)
        {
            // What it leads to may be what the host has, or has left, under the name of another index.
            UpdateDecision decision = decide(graph);
            if (decision.Target is not { } target || !await AskAsync([target], host.Repository, cancellation).ConfigureAwait(false))
            {
                HashSet<Digest> named = [.. graph.Nodes.Select(DigestOf).OfType<Digest>()];
                record.TrySave(_known.Where(pair => named.Contains(pair.Key)).ToDictionary());
                return (decision, graph);
            }

            graph = Apply(graph);
        }
    }

    /// <summary>The graph, in which the release can be found whose image a host runs, or would run.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="name">A digest, or anything else by which releases are known.</param>
    /// <param name="architecture">The host's architecture, by either of its names.</param>
    /// <param name="oci">How registries are asked.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="OciException">A registry cannot be asked.</exception>
    public static async Task<UpdateGraph> LocateAsync(UpdateGraph graph, string name, string architecture, OciOptions oci, CancellationToken cancellation)
    {
        if (graph.FindVersion(name) is not null || graph.Find(name) is not null || !Digest.TryParse(name, out Digest digest))
        {
            return graph;
        }

        string container = BaseArchitecture.ToContainer(architecture);
        Platform platform = container == Platform.Current.Architecture ? Platform.Current : Platform.Linux(container);
        return await new OwnManifests(platform, oci).LocateAsync(graph, new HostRelease(digest, "", ""), cancellation).ConfigureAwait(false);
    }

    /// <summary>The graph with what is known of its releases: as much as is needed to find the one that a host runs.</summary>
    /// <exception cref="OciException">A registry cannot be asked.</exception>
    public async Task<UpdateGraph> LocateAsync(UpdateGraph graph, HostRelease host, CancellationToken cancellation)
    {
        graph = Apply(graph);
        string own = host.Digest.ToString();
        if (graph.Find(own) is not null || graph.Find(host.Commit) is not null)
        {
            return graph;
        }

        // The likeliest first, and then from the newest on.
        GraphNode[] newestFirst = [.. graph.Nodes.OrderByDescending(node => node.Age)];
        GraphNode[][] batches = [[.. newestFirst.Where(IsLikely)], .. newestFirst.Where(node => !IsLikely(node)).Chunk(AtOnce)];
        foreach (GraphNode[] batch in batches)
        {
            if (await AskAsync(batch, host.Repository, cancellation).ConfigureAwait(false))
            {
                graph = Apply(graph);
                if (graph.Find(own) is not null)
                {
                    break;
                }
            }
        }

        return graph;

        bool IsLikely(GraphNode node) => node.Version == host.Version || node.ImageDigest == host.FollowedDigest?.ToString();
    }

    /// <summary>The manifest that a host runs of an image.</summary>
    /// <param name="repository">The image's repository.</param>
    /// <param name="image">The digest of a manifest or index.</param>
    /// <param name="record">What is known from before.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="OciException">It cannot be had, or has nothing for the host.</exception>
    public async Task<Digest> FindAsync(string repository, Digest image, IndexRecord record, CancellationToken cancellation) =>
        _known.TryGetValue(image, out Digest known) || record.Manifests.TryGetValue(image, out known) ? known
        : _known[image] = await new RegistryClient(oci).FindManifestAsync(RegistryReference.Parse(repository) with { Digest = image }, platform, cancellation).ConfigureAwait(false);

    private UpdateGraph Apply(UpdateGraph graph) => graph with
    {
        Nodes = [.. graph.Nodes.Select(node => DigestOf(node) is { } digest && _known.TryGetValue(digest, out Digest manifest) ? node with { HostDigest = manifest.ToString() } : node)],
    };

    // Whether anything new is known then.
    private async Task<bool> AskAsync(IEnumerable<GraphNode> nodes, string? repository, CancellationToken cancellation)
    {
        var client = new RegistryClient(oci);
        (RegistryReference Image, Task<Digest> Manifest)[] asked = [.. nodes
            .Select(node => ReferenceOf(node, repository)).OfType<RegistryReference>()
            .Where(image => !_known.ContainsKey(image.Digest!.Value) && !_missing.Contains(image.Digest.Value))
            .Select(image => (image, client.FindManifestAsync(image, platform, cancellation)))];
        bool isNew = false;
        foreach ((RegistryReference image, Task<Digest> manifest) in asked)
        {
            try
            {
                _known[image.Digest!.Value] = await manifest.ConfigureAwait(false);
                isNew = true;
            }
            catch (Exception e) when (e is ImageNotFoundException or ManifestException)
            {
                _missing.Add(image.Digest!.Value); // it is not this that the host runs; who goes there is told what is wrong
            }
        }

        return isNew;
    }

    // What is of another repository than the host follows is not the host's, and is not asked for.
    private static RegistryReference? ReferenceOf(GraphNode node, string? followed)
    {
        if (DigestOf(node) is not { } digest)
        {
            return null;
        }

        string named = node.Payload[..node.Payload.LastIndexOf('@')];
        try
        {
            RegistryReference reference = RegistryReference.Parse(named.Length > 0 ? named : followed ?? "");
            return followed is null || $"{reference.Registry}/{reference.Repository}" == followed ? reference with { Tag = null, Digest = digest } : null;
        }
        catch (FormatException)
        {
            return null;
        }
    }

    private static Digest? DigestOf(GraphNode node) => Digest.TryParse(node.ImageDigest, out Digest digest) ? digest : null;
}
