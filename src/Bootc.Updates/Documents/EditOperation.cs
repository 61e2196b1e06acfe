// edit: make the host what a document says.
using Bootc.Deployments;
using Bootc.Deployments.Bound;
using Bootc.Layering;
using Bootc.Oci;
using Bootc.Oci.Model;

namespace Bootc.Updates.Documents;

/// <summary>Carries out what a <see cref="HostDocument"/> changes, by the verbs that there are for it.</summary>
public sealed class EditOperation(Sysroot sysroot, OciOptions oci, IOperationProgress progress)
{
    /// <summary>On a running host: what comes of it waits to be released before shutdown makes it bootable.</summary>
    public bool DownloadOnly { get; init; }

    /// <summary>The image in the repository that is followed to which the host goes, where it is not what it runs.</summary>
    public Digest? Release { get; init; }

    /// <summary>Words of the kernel command line that are not wanted any more, since no document has them.</summary>
    public IReadOnlyList<string> ObsoleteKernelArguments { get; init; } = [];

    /// <summary>Makes the host what a document says that somebody edited.</summary>
    /// <exception cref="UpdatesException">The document asks for something that cannot be.</exception>
    /// <exception cref="OciException">The image cannot be had.</exception>
    /// <exception cref="DeploymentException">It cannot be deployed.</exception>
    public async Task<OperationOutcome> RunAsync(HostDocument wish, CancellationToken cancellation)
    {
        if (wish.Updates is not null)
        {
            throw new UpdatesException("the document says when the host changes (spec.updates): that is for hosts that follow a Git repository, not for an edit, which is done at once");
        }

        bool changesImage = wish.Image != Next?.Origin.Image, changesOrder = wish.BootsRollback != IsRollbackQueued;
        if (changesImage && changesOrder)
        {
            throw new UpdatesException("the document changes both the image (spec.image) and what boots next (spec.bootOrder): change one of them at a time");
        }

        if (changesOrder)
        {
            return new RollbackOperation(sysroot, progress).Run(cancellation);
        }

        if (wish.Image is null && changesImage)
        {
            throw new UpdatesException("the document has no image (spec.image), and a host cannot be told to follow none");
        }

        OperationOutcome outcome = await ConvergeAsync(wish, cancellation).ConfigureAwait(false);
        if (outcome == OperationOutcome.Unchanged)
        {
            progress.Message("Nothing to change: the host is as the document says");
        }

        return outcome;
    }

    /// <summary>Brings image, packages, bound images and kernel arguments to what a document says of them; what it does not speak of stays.</summary>
    /// <exception cref="OciException">The image cannot be had.</exception>
    /// <exception cref="DeploymentException">It cannot be deployed.</exception>
    public async Task<OperationOutcome> ConvergeAsync(HostDocument wish, CancellationToken cancellation)
    {
        var outcomes = new List<OperationOutcome> { await FollowAsync(wish, cancellation).ConfigureAwait(false) };
        sysroot.Load();
        if (wish.Packages is { } packages && Next is { } next && !IsSame(packages, next.Origin.Packages.Requested))
        {
            outcomes.Add(new PackageOperation(sysroot, oci, progress) { AllowInactive = true, DownloadOnly = DownloadOnly }.SetRequested(packages, cancellation));
            sysroot.Load();
        }

        if (wish.BoundImages is { } bound)
        {
            outcomes.Add(new BindImagesOperation(sysroot, oci, progress) { Images = bound }.Run(cancellation));
            sysroot.Load();
        }

        if (FindChange(wish.KernelArguments ?? KernelArgumentsWish.None) is { IsEmpty: false } edit)
        {
            outcomes.Add(new KernelArgumentsOperation(sysroot, progress) { DownloadOnly = DownloadOnly }.Run(edit, cancellation));
        }

        return outcomes.Contains(OperationOutcome.Changed) ? OperationOutcome.Changed : outcomes.Contains(OperationOutcome.Prepared) ? OperationOutcome.Prepared : OperationOutcome.Unchanged;
    }

    /// <summary>Whether two lists of packages mean the same.</summary>
    internal static bool IsSame(IReadOnlyList<string> one, IReadOnlyList<string> other) => one.Order(StringComparer.Ordinal).SequenceEqual(other.Order(StringComparer.Ordinal));

    /// <summary>What is to be changed in the words of a kernel command line.</summary>
    internal static KernelArgumentsEdit FindChange(IReadOnlyList<string> words, KernelArgumentsWish wish, IReadOnlyList<string> obsolete) => new()
    {
        Delete = [.. words.Where(word => !wish.Present.Contains(word) && (obsolete.Contains(word) || wish.Absent.Any(unwanted => KernelArgumentsWish.Means(unwanted, word))))],
        AppendIfMissing = [.. wish.Present.Where(word => !words.Contains(word))],
    };

    private Deployment? Next => sysroot.Staged ?? sysroot.Current;

    private bool IsRollbackQueued => Bootc.Deployments.Status.HostStatusBuilder.Build(sysroot).Status.RollbackQueued;

    private KernelArgumentsEdit? FindChange(KernelArgumentsWish wish) =>
        wish.Present.Count + wish.Absent.Count + ObsoleteKernelArguments.Count == 0 ? null : FindChange(KernelArgumentsOperation.Show(sysroot), wish, ObsoleteKernelArguments);

    // The packages change with the image, so that the new image is never asked for those that are not wanted any more.
    private async Task<OperationOutcome> FollowAsync(HostDocument wish, CancellationToken cancellation)
    {
        PackageWish? packages = wish.Packages is { } requested && Next is { } next ? next.Origin.Packages with { Requested = requested } : null;
        if (wish.Image is { } target && target != Next?.Origin.Image)
        {
            return await new SwitchOperation(sysroot, oci, progress) { Target = target, Release = Release, Packages = packages, DownloadOnly = DownloadOnly, Deriver = new PackageLayering() }
                .RunAsync(cancellation).ConfigureAwait(false);
        }

        return Release is null ? OperationOutcome.Unchanged
            : await new UpgradeOperation(sysroot, oci, progress) { Release = Release, Packages = packages, DownloadOnly = DownloadOnly, Deriver = new PackageLayering() }.RunAsync(cancellation).ConfigureAwait(false);
    }
}
