// The host of an agent that follows a repository: what its documents want is done by the verbs that users have.
using Bootc.Deployments;
using Bootc.Deployments.Health;
using Bootc.Import;
using Bootc.Oci;
using Bootc.Oci.Model;
using Bootc.Updates.Agent;
using Bootc.Updates.Documents;
using Bootc.Updates.Graph;

namespace Bootc.Updates.Git;

/// <summary>Decides by the documents of a repository, and brings the host to what they want.</summary>
/// <param name="sysroot">The sysroot's path, <c>/</c> for the host that runs.</param>
/// <param name="source">The repository.</param>
/// <param name="settings">The settings.</param>
/// <param name="oci">How images are fetched.</param>
/// <param name="createProgress">Makes what is told of each operation.</param>
/// <param name="clock">The time.</param>
public sealed class GitHost(string sysroot, GitSource source, GitSettings settings, OciOptions oci, Func<IOperationProgress> createProgress, TimeProvider? clock = null) : IAgentHost
{
    /// <summary>The boot of the host, other after each reboot.</summary>
    public Func<string> ReadBoot { get; init; } = static () => File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim();

    /// <summary>How the host is, as it was found last; <see langword="null"/> before that.</summary>
    public HostReport? Report { get; private set; }

    /// <summary>The repository's words as they were heard last.</summary>
    public GitView? View { get; private set; }

    /// <inheritdoc/>
    public async Task<UpdateDecision> DecideAsync(CancellationToken cancellation)
    {
        try
        {
            View = await source.RefreshAsync(cancellation).ConfigureAwait(false);
            return await DecideAsync(View, cancellation).ConfigureAwait(false);
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested)
        {
            Report = (Report ?? new HostReport(View?.Wish?.Name ?? source.HostName, HostState.Unknown, "")) with { State = HostState.Unknown, Message = e.Message, Problem = null };
            throw;
        }
    }

    /// <summary>In what the host is not as its documents want it.</summary>
    /// <exception cref="UpdatesException">It cannot be found out.</exception>
    public async Task<(GitView View, IReadOnlyList<HostDifference> Differences)> DiffAsync(CancellationToken cancellation)
    {
        View = await source.RefreshAsync(cancellation).ConfigureAwait(false);
        RenderedHost wish = View.Wish!;
        Digest? release = await FindReleaseAsync(wish.Document, cancellation).ConfigureAwait(false);
        return (View, await FindDifferencesAsync(View, release).ConfigureAwait(false));
    }

    /// <summary>Whether what is staged is still what the documents want, and lets the host reboot.</summary>
    /// <returns>Why it is not; <see langword="null"/> when it is.</returns>
    /// <exception cref="UpdatesException">It cannot be found out.</exception>
    public async Task<string?> ReviewAsync(CancellationToken cancellation)
    {
        View = await source.RefreshAsync(cancellation).ConfigureAwait(false);
        RenderedHost wish = View.Wish!;
        return wish.Document.Updates?.Paused is { } reason ? $"changes are paused: {reason}"
            : View.State.Attempt?.Fingerprint.StartsWith(wish.Fingerprint, StringComparison.Ordinal) == true ? null
            : $"commit {View.Commit} wants something else";
    }

    /// <inheritdoc/>
    public async Task StageAsync(GraphNode release, CancellationToken cancellation)
    {
        try
        {
            await ConvergeAsync(release, cancellation).ConfigureAwait(false);
        }
        catch (Exception e) when (e is not ReleaseOutdatedException && !cancellation.IsCancellationRequested)
        {
            Tell(HostState.Failed, $"{release.Version} cannot be had: {e.Message}"); // until it is looked for again
            throw;
        }
    }

    private async Task ConvergeAsync(GraphNode release, CancellationToken cancellation)
    {
        View = await source.RefreshAsync(cancellation).ConfigureAwait(false);
        if (release.Version != NameOf(View))
        {
            throw new ReleaseOutdatedException($"{release.Version} is not wanted any more: {NameOf(View)} is");
        }

        RenderedHost wish = View.Wish!;
        Digest? digest = await FindReleaseAsync(wish.Document, cancellation).ConfigureAwait(false);
        IReadOnlyList<string> obsolete = FindObsolete(View);
        (string[] added, bool isStaged) = await OnSysrootAsync(opened => StageAsync(opened, wish.Document, digest, obsolete, cancellation)).ConfigureAwait(false);
        View = View with
        {
            State = source.Update(state => state with
            {
                Attempt = new GitAttempt(FingerprintOf(wish, digest), ReadBoot()),
                KernelArguments = [.. state.KernelArguments.Union(added)],
            }),
        };
        if (!isStaged)
        {
            throw new ReleaseOutdatedException($"{release.Version} is done, and needs no reboot");
        }

        Tell(HostState.Staged, $"{release.Version} is staged");
    }

    /// <inheritdoc/>
    public async Task RebootAsync(GraphNode release, CancellationToken cancellation)
    {
        View ??= await source.RefreshAsync(cancellation).ConfigureAwait(false);
        RebootHooks.Run(sysroot);
        HostDocument wish = View.Wish!.Document;
        IReadOnlyList<string> obsolete = FindObsolete(View);
        await OnSysrootAsync(opened =>
        {
            // It may be that somebody staged something else meanwhile.
            Deployment staged = opened.Staged ?? throw new UpdatesException($"{release.Version} is not staged any more");
            if (HostDifference.Find(opened, staged, wish, null, obsolete) is [var first, ..])
            {
                throw new UpdatesException($"what is staged is not {release.Version} any more: {first}");
            }

            source.Update(state => state with { Attempt = state.Attempt is { } attempt ? attempt with { IsBooted = true } : null });
            if (opened.IsStagedLocked)
            {
                using SysrootLock held = opened.Lock(waiting: null, cancellation);
                opened.ReleaseStaged();
            }

            HostReboot.Begin();
            return Task.FromResult(0);
        }).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public int CountInteractiveSessions() => LoggedInUsers.FindTerminals().Count;

    /// <inheritdoc/>
    public void Warn(string message) => LoggedInUsers.Tell(message, (clock ?? TimeProvider.System).GetUtcNow());

    private async Task<UpdateDecision> DecideAsync(GitView view, CancellationToken cancellation)
    {
        HostFacts host = await OnSysrootAsync(ReadFactsAsync).ConfigureAwait(false);
        RenderedHost wish = view.Wish!;
        Report = new HostReport(wish.Name, HostState.Unknown, "")
        {
            Commit = view.State.Accepted,
            Signer = view.State.Signer,
            Problem = view.Problem,
            Image = host.Followed?.Image.ToString(),
            ImageDigest = host.Release.Digest.ToString(),
            Version = host.Release.Version.Length > 0 ? host.Release.Version : null,
        };
        var current = new GraphNode(host.Release.Version, 0) { Payload = $"{host.Release.Repository}@{host.Release.Digest}", Scheme = GraphNode.OciScheme };
        if (!wish.IsManaged)
        {
            return Stay(current, HostState.Unmanaged, $"commit {view.Commit} has no document for {wish.Name}");
        }

        Digest? release = await FindReleaseAsync(wish.Document, cancellation).ConfigureAwait(false);
        IReadOnlyList<HostDifference> differences = await FindDifferencesAsync(view, release).ConfigureAwait(false);
        Report = Report with { Differences = differences.Count == 0 ? null : [.. differences.Select(difference => difference.ToString())] };
        if (differences.Count == 0)
        {
            View = view with { State = source.Update(state => NoteApplied(state, wish)) };
            return Stay(current, HostState.InSync, $"the host is as commit {view.Commit} wants it");
        }

        if (wish.Document.Updates?.Paused is { } reason)
        {
            return Stay(current, HostState.Paused, $"changes are paused by commit {view.Commit}: {reason}");
        }

        if (FindFailure(view.State, wish, release, host) is { } failure)
        {
            return Stay(current, HostState.Failed, failure);
        }

        if (!settings.HealsDrift && view.State.Applied == wish.Fingerprint && differences.Any(difference => difference.Kind != HostDifferenceKind.Release))
        {
            return Stay(current, HostState.Drifted, $"the host was changed against commit {view.Commit}, and is left so (updates.git.drift): {string.Join(", ", differences)}");
        }

        var target = new GraphNode(NameOf(view), 1) { Payload = $"{wish.Document.Image?.Image.Name ?? host.Release.Repository}@{release ?? host.Release.Digest}", Scheme = GraphNode.OciScheme };
        Tell(HostState.Pending, $"commit {view.Commit} wants changes: {string.Join(", ", differences)}");
        return new UpdateDecision(UpdateDecisionKind.Update, current, target);
    }

    // A host does not go again to what it has just come back from.
    private string? FindFailure(GitState state, RenderedHost wish, Digest? release, HostFacts host)
    {
        if (release is { } digest && digest != host.Release.Digest && host.FailedBoots.TryGetValue(digest.ToString(), out string? reason))
        {
            return $"{wish.Document.Image?.Image.ToString() ?? "the image"} ({digest}) did not boot well on this host, which came back to the one before: {reason}; another commit or image is waited for";
        }

        if (state.Attempt is { IsBooted: true } attempt && attempt.Fingerprint == FingerprintOf(wish, release) && attempt.Boot != ReadBoot())
        {
            return "the host was rebooted into what its documents want, and came up otherwise: the boot failed, or somebody rolled it back; another commit is waited for";
        }

        // Of several images under a name, one that was left by hand is not taken up again by itself.
        return wish.Document.Updates?.Pin is null && release is { } newest && host.Followed == wish.Document.Image && newest != host.Release.Digest && state.Applied == wish.Fingerprint && host.Release.Excluded.Contains(newest.ToString())
            ? $"the newest image ({newest}) was left by this host; another one is waited for"
            : null;
    }

    private static GitState NoteApplied(GitState state, RenderedHost wish)
    {
        string[] kept = [.. state.KernelArguments.Intersect(wish.Document.KernelArguments?.Present ?? [])];
        return state.Applied == wish.Fingerprint && state.Attempt is null && kept.Length == state.KernelArguments.Count ? state
            : state with { Applied = wish.Fingerprint, Attempt = null, KernelArguments = kept };
    }

    private UpdateDecision Stay(GraphNode current, HostState state, string message)
    {
        Tell(state, message);
        return new UpdateDecision(UpdateDecisionKind.UpToDate, current, null) { Reason = View?.Problem is { } problem ? $"{message}; {problem}" : message };
    }

    private void Tell(HostState state, string message) => Report = Report is null ? null : Report with { State = state, Message = message };

    private async Task<Digest?> FindReleaseAsync(HostDocument wish, CancellationToken cancellation)
    {
        if (wish.Image is not { } image)
        {
            return null;
        }

        ImageReference wanted = wish.Updates?.Pin is { } pin ? image.Image with { Name = (RegistryReference.Parse(image.Image.Name) with { Tag = null, Digest = pin }).ToString() } : image.Image;
        await using IImageSource opened = ImageSources.Open(wanted, oci);
        return (await opened.FetchManifestAsync(Platform.Current, cancellation).ConfigureAwait(false)).Digest;
    }

    private Task<IReadOnlyList<HostDifference>> FindDifferencesAsync(GitView view, Digest? release)
    {
        IReadOnlyList<string> obsolete = FindObsolete(view);
        return OnSysrootAsync(opened => Task.FromResult(HostDifference.Find(opened, Current(opened), view.Wish!.Document, release, obsolete)));
    }

    private static string[] FindObsolete(GitView view) => [.. view.State.KernelArguments.Except(view.Wish!.Document.KernelArguments?.Present ?? [])];

    // Whether there is anything to boot for: bound images are there at once.
    private async Task<(string[] Added, bool IsStaged)> StageAsync(Sysroot opened, HostDocument wish, Digest? release, IReadOnlyList<string> obsolete, CancellationToken cancellation)
    {
        Deployment current = Current(opened);
        IReadOnlyList<string> words = KernelArgumentsOperation.Show(opened, current);
        string[] added = [.. (wish.KernelArguments?.Present ?? []).Except(words)];
        if (opened.Staged is { } staged)
        {
            if (HostDifference.Find(opened, staged, wish, release, obsolete).Count == 0)
            {
                return (added, true);
            }

            using SysrootLock held = opened.Lock(waiting: null, cancellation);
            opened.DiscardStaged(); // what was wanted before is not what this is built on
        }

        bool isOther = wish.Image != current.Origin.Image || ImageStore.QueryCommit(opened.Repository, current.Commit)?.ManifestDigest != release, isInRegistry = wish.Image?.Image.Transport == Transport.Registry;
        var operation = new EditOperation(opened, oci, createProgress())
        {
            DownloadOnly = opened.Booted is not null,
            Release = isInRegistry && isOther ? release : null,
            ObsoleteKernelArguments = obsolete,
        };
        await operation.ConvergeAsync(wish, cancellation).ConfigureAwait(false);
        opened.Load();
        Deployment made = opened.Staged ?? opened.Default!;
        return HostDifference.Find(opened, made, wish, release, obsolete) is [var first, ..]
            ? throw new UpdatesException($"what was made for the next boot is not what the documents want: {first}")
            : (added, opened.Booted is null || opened.Staged is not null);
    }

    private static Deployment Current(Sysroot opened) => opened.Current ?? throw new UpdatesException($"{opened.Path} has no deployment, so there is nothing to change");

    private static Task<HostFacts> ReadFactsAsync(Sysroot opened)
    {
        FailedBoots failed = FailedBoots.Load(opened);
        return Task.FromResult(new HostFacts(HostInspector.Read(opened), Current(opened).Origin.Image, failed.Digests.ToDictionary(digest => digest, digest => failed.FindReason(digest) ?? "it failed its checks")));
    }

    private static string NameOf(GitView view) => $"commit {view.Commit}";

    private static string FingerprintOf(RenderedHost wish, Digest? release) => $"{wish.Fingerprint}@{release}";

    private Task<T> OnSysrootAsync<T>(Func<Sysroot, Task<T>> action) => SysrootThread.RunAsync(sysroot, action);
}
