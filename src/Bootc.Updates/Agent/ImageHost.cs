// The host that the agent really works on: a sysroot with deployments of images.
using Bootc.Deployments;
using Bootc.Import;
using Bootc.Layering;
using Bootc.Oci;
using Bootc.Oci.Model;
using Bootc.Updates.Graph;

namespace Bootc.Updates.Agent;

/// <summary>Decides by a graph, which the image's repository may carry, or by the image's tag where there is none; updates by the verbs that users have.</summary>
/// <param name="sysroot">The sysroot's path, <c>/</c> for the host that runs.</param>
/// <param name="graph">The graph; <see langword="null"/> to follow the image's tag.</param>
/// <param name="oci">How images are fetched.</param>
/// <param name="createProgress">Makes what is told of each operation.</param>
/// <param name="clock">The time.</param>
public sealed class ImageHost(
    string sysroot, GraphFollower? graph, OciOptions oci, Func<IOperationProgress> createProgress, TimeProvider? clock = null) : IAgentHost, IDisposable
{
    private readonly OwnManifests _manifests = new(Platform.Current, oci);

    /// <summary>Looks for a graph that the repository of the image carries, where no other is followed; <see langword="null"/> not to.</summary>
    public RepositoryGraph? Carried { get; init; }

    /// <summary>The graph as it was fetched last.</summary>
    public UpdateGraph? Graph => graph?.Graph ?? Carried?.Graph;

    /// <inheritdoc/>
    public async Task<UpdateDecision> DecideAsync(CancellationToken cancellation)
    {
        HostRelease host = await OnSysrootAsync(opened => Task.FromResult(HostInspector.Read(opened))).ConfigureAwait(false);
        if (graph is not null)
        {
            return await OnSysrootAsync(opened => graph.DecideAsync(opened, host, cancellation)).ConfigureAwait(false);
        }

        UpdateDecision? carried = Carried is null ? null : await OnSysrootAsync(opened => Carried.TryDecideAsync(opened, host, cancellation)).ConfigureAwait(false);
        return carried ?? await DecideByTagAsync(host, cancellation).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public Task StageAsync(GraphNode release, CancellationToken cancellation) => OnSysrootAsync(async opened =>
    {
        HostRelease host = HostInspector.Read(opened);
        Digest digest = ReleaseImage.Choose(release, host);
        // What somebody has queued boots whenever the host does: it is neither lost nor does it stop updates.
        await new UpgradeOperation(opened, oci, createProgress()) { Release = IsInRegistry(opened) ? digest : null, DownloadOnly = true, JoinsQueued = true, Deriver = new PackageLayering() }
            .RunAsync(cancellation).ConfigureAwait(false);
        Digest wanted = await FindManifestAsync(opened, digest, host.Repository, cancellation).ConfigureAwait(false);
        opened.Load();
        Deployment staged = opened.Staged ?? throw new UpdatesException($"{release.Version} was fetched, but it is not staged: {opened.Path} is not what this host runs");
        Digest? actual = ImageStore.QueryCommit(opened.Repository, staged.Commit)?.ManifestDigest;
        return actual == wanted ? 0 : throw new UpdatesException($"what is staged is {actual}, not {wanted}");
    });

    /// <inheritdoc/>
    public Task RebootAsync(GraphNode release, CancellationToken cancellation)
    {
        RebootHooks.Run(sysroot);
        return OnSysrootAsync(async opened =>
        {
            // It may be that somebody staged something else meanwhile.
            Digest? staged = opened.Staged is { } deployment ? ImageStore.QueryCommit(opened.Repository, deployment.Commit)?.ManifestDigest : null;
            Digest digest = ReleaseImage.ReadDigest(release);
            if (staged != digest && staged != await FindManifestAsync(opened, digest, HostInspector.Read(opened).Repository, cancellation).ConfigureAwait(false))
            {
                throw new UpdatesException($"what is staged is {staged?.ToString() ?? "nothing"}, not {release.Version} any more");
            }

            if (opened.IsStagedLocked)
            {
                using SysrootLock held = opened.Lock(waiting: null, cancellation);
                opened.ReleaseStaged();
            }

            HostReboot.Begin();
            return 0;
        });
    }

    /// <inheritdoc/>
    public int CountInteractiveSessions() => LoggedInUsers.FindTerminals().Count;

    /// <inheritdoc/>
    public void Warn(string message) => LoggedInUsers.Tell(message, (clock ?? TimeProvider.System).GetUtcNow());

    /// <inheritdoc/>
    public void Dispose() => graph?.Dispose();

    // Without a graph the newest image under the tag is the only release that there is.
    private async Task<UpdateDecision> DecideByTagAsync(HostRelease host, CancellationToken cancellation)
    {
        PreparedImport? found = await OnSysrootAsync(opened => new UpgradeOperation(opened, oci, createProgress()).CheckAsync(cancellation)).ConfigureAwait(false);
        var current = new GraphNode(host.Version.Length > 0 ? host.Version : host.Digest.ToString(), 0) { Payload = $"{host.Repository}@{host.Digest}", Scheme = GraphNode.OciScheme };
        if (found is null || host.Excluded.Contains(found.Manifest.Digest.ToString()))
        {
            return new UpdateDecision(UpdateDecisionKind.UpToDate, current, null);
        }

        Digest digest = found.Manifest.Digest;
        var target = new GraphNode(found.Version is { } version && version != host.Version ? version : digest.ToString(), 1) { Payload = $"{host.Repository}@{digest}", Scheme = GraphNode.OciScheme };
        return new UpdateDecision(UpdateDecisionKind.Update, current, target);
    }

    private async Task<Digest> FindManifestAsync(Sysroot opened, Digest digest, string? repository, CancellationToken cancellation) =>
        repository is null ? digest : await _manifests.FindAsync(repository, digest, IndexRecord.Load(opened), cancellation).ConfigureAwait(false);

    private static bool IsInRegistry(Sysroot opened) => opened.Current?.Origin.Image?.Image.Transport == Transport.Registry;

    private Task<T> OnSysrootAsync<T>(Func<Sysroot, Task<T>> action) => SysrootThread.RunAsync(sysroot, action);
}
