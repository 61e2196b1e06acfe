// upgrade: the newest image of the reference that is followed.
using Bootc.Deployments.Health;
using Bootc.Deployments.Status;
using Bootc.Import;
using Bootc.Oci;
using Bootc.Ostree.Objects;

namespace Bootc.Deployments;

/// <summary>Updates a sysroot to the image that its reference stands for now.</summary>
public sealed class UpgradeOperation(Sysroot sysroot, OciOptions oci, IOperationProgress progress)
{
    /// <summary>Follow this tag of the same repository from now on.</summary>
    public string? Tag { get; init; }

    /// <summary>Go to the image of this digest in the repository that is followed, not to the newest under the reference, which stays.</summary>
    public Oci.Model.Digest? Release { get; init; }

    /// <summary>
    /// Fetch only: on a running host the deployment is staged but waits to be released; elsewhere nothing is deployed. Refused where
    /// something else is queued for the next boot, unless it <see cref="JoinsQueued"/>.
    /// </summary>
    public bool DownloadOnly { get; init; }

    /// <summary>Where something else is queued for the next boot, the image is queued with it, and not <see cref="DownloadOnly"/>.</summary>
    public bool JoinsQueued { get; init; }

    /// <summary>Use what was fetched before, without looking for anything newer.</summary>
    public bool FromDownloaded { get; init; }

    /// <summary>Deploy the image even if it failed its checks when it was booted before.</summary>
    public bool Force { get; init; }

    /// <summary>Accept an update without a signature although the image before it was signed.</summary>
    public bool AllowUnsigned { get; init; }

    /// <summary>What the host wants besides its image from now on; <see langword="null"/> for what it wanted before.</summary>
    public PackageWish? Packages { get; init; }

    /// <summary>Looks for an update and remembers what was found, without fetching it.</summary>
    /// <returns>What an update would bring; <see langword="null"/> when there is none.</returns>
    public async Task<PreparedImport?> CheckAsync(CancellationToken cancellation)
    {
        using SysrootLock held = sysroot.Lock(progress, cancellation);
        var context = new OperationContext(sysroot, oci, progress);
        (Deployment current, OstreeImageReference target) = FindTarget(context);
        PreparedImport prepared = await context.PrepareAsync(target, OperationContext.FindRelease(target, Release), FindBefore(context.Wished!), cancellation).ConfigureAwait(false);
        await prepared.Source.DisposeAsync().ConfigureAwait(false);
        Checksum newest = IsOtherQueued(context, current) ? context.Wished!.Commit : current.Commit;
        StoredImage? image = ImageStore.QueryCommit(sysroot.Repository, newest);
        if (image?.ManifestDigest == prepared.Manifest.Digest)
        {
            ImageStore.ClearCachedUpdate(sysroot.Repository, newest);
            return null;
        }

        ImageStore.CacheUpdate(sysroot.Repository, newest, prepared);
        return prepared;
    }

    /// <summary>Adds the packages that the host wants besides its image; without it, such a host is refused.</summary>
    public IDeriver? Deriver { get; init; }

    /// <summary>Runs the operation.</summary>
    /// <exception cref="OciException">The image cannot be had.</exception>
    /// <exception cref="ImportException">The image cannot be imported.</exception>
    /// <exception cref="DeploymentException">It cannot be deployed.</exception>
    public async Task<OperationOutcome> RunAsync(CancellationToken cancellation)
    {
        using SysrootLock held = sysroot.Lock(progress, cancellation);
        var context = new OperationContext(sysroot, oci, progress) { Deriver = Deriver };
        (Deployment current, OstreeImageReference target) = FindTarget(context);
        if (FromDownloaded)
        {
            return DeployDownloaded(context, current, target, cancellation);
        }

        bool isOtherQueued = IsOtherQueued(context, current);
        if (Release is not null && isOtherQueued)
        {
            throw new DeploymentException($"{target.Image} is queued for the next boot, and the release {Release} is one of {current.Origin.Image?.Image}, which runs: reboot first, or choose what runs again with 'bootc switch'");
        }

        PreparedImport prepared = await context.PrepareAsync(target, OperationContext.FindRelease(target, Release), FindBefore(context.Wished!), cancellation).ConfigureAwait(false);
        if (!isOtherQueued && IsThere(current, prepared.Manifest.Digest))
        {
            context.NoteVerdict(current.Commit);
            if (FindNewerPackages(context, sysroot.Staged is { } next && IsThere(next, prepared.Manifest.Digest) ? next : current, target, cancellation) is { } newer)
            {
                return Deploy(context, current, target, newer);
            }

            context.CleanUp(); // what a run that was killed after its last rename left undone
            progress.Message($"No changes in {target.Image} => {prepared.Manifest.Digest}");
            return OperationOutcome.Unchanged;
        }

        if (sysroot.Staged is { } staged && staged.Origin.Image == target && IsThere(staged, prepared.Manifest.Digest) && IsReady)
        {
            if (FindNewerPackages(context, staged, target, cancellation) is { } newer)
            {
                return Deploy(context, current, target, newer);
            }

            progress.Message($"No changes in {target.Image} => {prepared.Manifest.Digest}: it is staged already{(sysroot.IsStagedLocked ? "" : ", and boots next")}");
            return OperationOutcome.Unchanged;
        }

        if (FailedBefore(prepared.Manifest.Digest, target))
        {
            await prepared.Source.DisposeAsync().ConfigureAwait(false);
            return OperationOutcome.Unchanged;
        }

        await RefuseToHoldBackAsync(prepared).ConfigureAwait(false);
        bool isDeployed = !DownloadOnly || sysroot.Booted is not null;
        PulledImage image = await context.PullAsync(prepared, isDeployed ? OriginFor(current, target) : null, cancellation).ConfigureAwait(false);
        if (!isDeployed)
        {
            progress.Message($"Downloaded, not deployed: {target.Image}{Describe.Image(image.Image)}");
            return OperationOutcome.Prepared;
        }

        return Deploy(context, current, target, image, prepared, cancellation);
    }

    // Then what runs is not what is wanted, whatever it is.
    private static bool IsOtherQueued(OperationContext context, Deployment current) => context.Wished!.Origin.Image != current.Origin.Image;

    private bool HasQueued => sysroot is { Staged: not null, IsStagedLocked: false };

    // Whether a new deployment waits to be released.
    private bool Waits => DownloadOnly && !HasQueued;

    // What is queued for the next boot is downloaded as well.
    private bool IsReady => DownloadOnly || !sysroot.IsStagedLocked;

    private async Task RefuseToHoldBackAsync(PreparedImport prepared)
    {
        try
        {
            RefuseToHoldBack();
        }
        catch
        {
            await prepared.Source.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    // It would take the place of what was queued, and no reboot would reach either.
    private void RefuseToHoldBack()
    {
        if (DownloadOnly && !JoinsQueued && HasQueued)
        {
            throw new DeploymentException("a change waits for the next boot, and a newer image that waits to be released would hold it back: reboot first, or let 'bootc upgrade' queue both");
        }
    }

    // The image is the same; what the host adds to it may have become newer.
    private (DerivedCommit Commit, StoredImage Image)? FindNewerPackages(OperationContext context, Deployment newest, OstreeImageReference target, CancellationToken cancellation)
    {
        Origin origin = OriginFor(newest, target);
        if ((newest.Origin.IsImageAlone && origin.IsImageAlone) || (DownloadOnly && sysroot.Booted is null) || ImageStore.QueryCommit(sysroot.Repository, newest.Commit) is not { } image)
        {
            return null;
        }

        DerivedCommit derived = context.Derive(new PulledImage(image, LayerFacts.Load(sysroot.Repository, image)), origin, looksForNewer: true, cancellation);
        return derived.Commit == newest.Commit && (!newest.IsStaged || IsReady) ? null : (derived, image);
    }

    private OperationOutcome Deploy(OperationContext context, Deployment current, OstreeImageReference target, (DerivedCommit Commit, StoredImage Image) newer)
    {
        RefuseToHoldBack();
        bool waits = Waits;
        context.Deploy(newer.Commit, OriginFor(current, target), retain: false, waits);
        return End(context, target, newer.Image, " with newer packages", waits);
    }

    // What was asked for and waits for the next boot is asked for still.
    private Origin OriginFor(Deployment current, OstreeImageReference target)
    {
        Origin origin = target == current.Origin.Image ? current.Origin.ForNewDeployment() : current.Origin.WithImage(target);
        origin = sysroot.Staged is { } staged && staged.Stateroot == current.Stateroot ? origin.WithWishOf(staged.Origin) : origin;
        return Packages is null ? origin : origin.WithPackages(Packages);
    }

    private VerificationStatus? FindBefore(Deployment wished) => AllowUnsigned ? null : Verification.Read(sysroot.Repository, wished.Commit);

    // Who names a tag asks for what is under it.
    private bool FailedBefore(Oci.Model.Digest digest, OstreeImageReference target)
    {
        if (Force || Tag is not null || FailedBoots.Load(sysroot).FindReason(digest) is not { } reason)
        {
            return false;
        }

        progress.Message($"No update: {target.Image} is {digest}, which did not boot well before ({reason}); 'bootc upgrade --force' tries it again");
        return true;
    }

    private bool IsThere(Deployment deployment, Oci.Model.Digest digest) =>
        ImageStore.QueryCommit(sysroot.Repository, deployment.Commit)?.ManifestDigest == digest;

    private OperationOutcome DeployDownloaded(OperationContext context, Deployment current, OstreeImageReference target, CancellationToken cancellation)
    {
        if (sysroot.Booted is not null)
        {
            return ReleaseDownloaded(target);
        }

        StoredImage image = ImageStore.QueryImage(sysroot.Repository, target.Image)
            ?? throw new DeploymentException($"nothing was downloaded for {target.Image} (run 'bootc upgrade --download-only' first)");
        if (image.MergeCommit == ImageStore.BaseOf(sysroot.Repository, current.Commit))
        {
            progress.Message($"Nothing newer than what is deployed was downloaded for {target.Image}");
            return OperationOutcome.Unchanged;
        }

        context.AdmitPulled(target, image, FindBefore(current));
        if (FailedBefore(image.ManifestDigest, target))
        {
            return OperationOutcome.Unchanged;
        }

        return Deploy(context, current, target, new PulledImage(image, LayerFacts.Load(sysroot.Repository, image)), pulled: null, cancellation);
    }

    private OperationOutcome ReleaseDownloaded(OstreeImageReference target)
    {
        Deployment staged = sysroot.Staged ?? throw new DeploymentException("nothing was downloaded: there is no staged deployment (run 'bootc upgrade --download-only' first)");
        if (!sysroot.IsStagedLocked)
        {
            progress.Message("The staged update waits for nothing but the next boot");
            return OperationOutcome.Unchanged;
        }

        if (ImageStore.QueryCommit(sysroot.Repository, staged.Commit) is { } image && FailedBefore(image.ManifestDigest, target))
        {
            return OperationOutcome.Unchanged;
        }

        sysroot.ReleaseStaged();
        progress.Message("The staged update is released for the next boot");
        return OperationOutcome.Changed;
    }

    private OperationOutcome Deploy(OperationContext context, Deployment current, OstreeImageReference target, PulledImage image, PreparedImport? pulled, CancellationToken cancellation)
    {
        OstreeImageReference followed = context.Wished!.Origin.Image!;
        bool waits = Waits;
        context.Deploy(image, pulled, OriginFor(current, target), retain: false, waits, cancellation);
        if (target != followed)
        {
            context.Forget(followed.Image);
        }

        return End(context, target, image.Image, "", waits);
    }

    private OperationOutcome End(OperationContext context, OstreeImageReference target, StoredImage image, string what, bool waits)
    {
        context.CleanUp();
        progress.Message($"{Describe.State(sysroot, waits)}: {target.Image}{what}{Describe.Image(image)}");
        return waits ? OperationOutcome.Prepared : OperationOutcome.Changed;
    }

    private (Deployment Current, OstreeImageReference Target) FindTarget(OperationContext context)
    {
        Deployment current = context.Current ?? throw new DeploymentException($"{sysroot.Path} has no deployment to upgrade; choose an image with 'bootc switch'");
        Deployment wished = context.Wished!;
        OstreeImageReference image = wished.Origin.Image
            ?? throw new DeploymentException($"deployment {wished.DirectoryName} follows no image{(wished.Origin.Refspec is { } spec ? $" but the ostree ref {spec}" : "")}; choose one with 'bootc switch'");
        if (Tag is null)
        {
            return (current, image);
        }

        if (image.Image.Transport != Transport.Registry)
        {
            throw new DeploymentException($"--tag needs an image from a registry, and {image.Image} is none");
        }

        string name = image.Image.Name;
        string repository = name.Split('@')[0];
        int colon = repository.LastIndexOf(':');
        repository = colon > repository.LastIndexOf('/') ? repository[..colon] : repository;
        _ = RegistryReference.Parse(name).WithTag(Tag);
        return (current, image with { Image = image.Image with { Name = $"{repository}:{Tag}" } });
    }
}
