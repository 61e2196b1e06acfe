// The host that the agent really works on: a sysroot with deployments of images.
using Bootc.Deployments;
using Bootc.Import;
using Bootc.Layering;
using Bootc.Oci;
using Bootc.Oci.Model;
using Bootc.Updates.Graph;

namespace Bootc.Updates.Agent;

/// <summary>Decides by a graph, or by the image's tag where there is none; updates by the verbs that users have.</summary>
/// <param name="sysroot">The sysroot's path, <c>/</c> for the host that runs.</param>
/// <param name="graph">The graph; <see langword="null"/> to follow the image's tag.</param>
/// <param name="oci">How images are fetched.</param>
/// <param name="createProgress">Makes what is told of each operation.</param>
/// <param name="clock">The time.</param>
public sealed class ImageHost(
    string sysroot, GraphFollower? graph, OciOptions oci, Func<IOperationProgress> createProgress, TimeProvider? clock = null) : IAgentHost, IDisposable
{
    /// <summary>The graph as it was fetched last.</summary>
    public UpdateGraph? Graph => graph?.Graph;

    /// <inheritdoc/>
    public async Task<UpdateDecision> DecideAsync(CancellationToken cancellation)
    {
        HostRelease host = await OnSysrootAsync(opened => Task.FromResult(HostInspector.Read(opened))).ConfigureAwait(false);
        return graph is null ? await DecideByTagAsync(host, cancellation).ConfigureAwait(false) : await graph.DecideAsync(host, cancellation).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public Task StageAsync(GraphNode release, CancellationToken cancellation) => OnSysrootAsync(async opened =>
    {
        Digest digest = ReadDigest(release);
        RequireSameRepository(release, HostInspector.Read(opened));
        await new UpgradeOperation(opened, oci, createProgress()) { Release = IsInRegistry(opened) ? digest : null, DownloadOnly = true, Deriver = new PackageLayering() }.RunAsync(cancellation).ConfigureAwait(false);
        opened.Load();
        Deployment staged = opened.Staged ?? throw new UpdatesException($"{release.Version} was fetched, but it is not staged: {opened.Path} is not what this host runs");
        Digest? actual = ImageStore.QueryCommit(opened.Repository, staged.Commit)?.ManifestDigest;
        return actual == digest ? 0 : throw new UpdatesException($"what is staged is {actual}, not {digest} (a graph names the image of one architecture, not an index of several)");
    });

    /// <inheritdoc/>
    public Task RebootAsync(GraphNode release, CancellationToken cancellation)
    {
        RebootHooks.Run(sysroot);
        return OnSysrootAsync(opened =>
        {
            // It may be that somebody staged something else meanwhile.
            Digest? staged = opened.Staged is { } deployment ? ImageStore.QueryCommit(opened.Repository, deployment.Commit)?.ManifestDigest : null;
            if (staged != ReadDigest(release))
            {
                throw new UpdatesException($"what is staged is {staged?.ToString() ?? "nothing"}, not {release.Version} any more");
            }

            if (opened.IsStagedLocked)
            {
                using SysrootLock held = opened.Lock(null, cancellation);
                opened.ReleaseStaged();
            }

            HostReboot.Begin();
            return Task.FromResult(0);
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

    private static bool IsInRegistry(Sysroot opened) => (opened.Booted ?? opened.Default)?.Origin.Image?.Image.Transport == Transport.Registry;

    private static Digest ReadDigest(GraphNode release) =>
        Digest.TryParse(release.ImageDigest, out Digest digest) ? digest : throw new UpdatesException($"the graph gives {release.Version} no image: its payload is '{release.Payload}'");

    // A graph is trusted to choose among the images of what the host follows, and no others.
    private static void RequireSameRepository(GraphNode release, HostRelease host)
    {
        string named = release.Payload[..release.Payload.LastIndexOf('@')];
        if (named.Length == 0 || host.Repository is null)
        {
            return;
        }

        RegistryReference reference;
        try
        {
            reference = RegistryReference.Parse(named);
        }
        catch (FormatException e)
        {
            throw new UpdatesException($"the graph gives {release.Version} the image '{release.Payload}', which is none: {e.Message}", e);
        }

        if ($"{reference.Registry}/{reference.Repository}" != host.Repository)
        {
            throw new UpdatesException($"the graph leads to {release.Payload}, but this host follows {host.Repository}; 'bootc switch' follows another repository");
        }
    }

    // On a thread of its own, since making the sysroot writable is a thread's affair.
    private Task<T> OnSysrootAsync<T>(Func<Sysroot, Task<T>> action) => Task.Factory.StartNew(
        () =>
        {
            if (sysroot == "/")
            {
                Sysroot.MakeWritableForThisProgram();
            }

            using Sysroot opened = Sysroot.Open(sysroot);
            return action(opened).GetAwaiter().GetResult();
        },
        CancellationToken.None,
        TaskCreationOptions.LongRunning,
        TaskScheduler.Default);
}
