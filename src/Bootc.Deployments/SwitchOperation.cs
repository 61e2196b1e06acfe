// switch: follow another image.
using Bootc.Import;
using Bootc.Oci;

namespace Bootc.Deployments;

/// <summary>Makes a sysroot follow another image: pulls it and makes a deployment of it that boots next.</summary>
public sealed class SwitchOperation(Sysroot sysroot, OciOptions oci, IOperationProgress progress)
{
    /// <summary>The image.</summary>
    public required OstreeImageReference Target { get; init; }

    /// <summary>Whether the image followed before is kept in the repository.</summary>
    public bool Retain { get; init; }

    /// <summary>Only the origins of the running deployment and of the one staged to follow it are changed; nothing is pulled.</summary>
    public bool MutateInPlace { get; init; }

    /// <summary>What the host wants besides its image from now on; <see langword="null"/> for what it wanted before.</summary>
    public PackageWish? Packages { get; init; }

    /// <summary>On a running host: the deployment waits to be released before shutdown makes it bootable.</summary>
    public bool DownloadOnly { get; init; }

    /// <summary>The one image that is wanted, by its digest in the repository of <see cref="Target"/>, where it is not to be the newest under that reference.</summary>
    public Oci.Model.Digest? Release { get; init; }

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
        if (MutateInPlace)
        {
            return ChangeOrigin(context);
        }

        OstreeImageReference? previous = context.Wished?.Origin.Image;
        if (previous == Target)
        {
            context.CleanUp(); // what a run that was killed after its last rename left undone
            progress.Message($"Image specification is unchanged. {Target.Image} is followed already");
            return OperationOutcome.Unchanged;
        }

        PreparedImport prepared = await context.PrepareAsync(Target, OperationContext.FindRelease(Target, Release), null, cancellation).ConfigureAwait(false);
        context.WarnOfDowngrade(Target, previous);
        Origin origin = context.Current?.Origin.WithImage(Target) ?? Origin.ForImage(Target);
        if (sysroot.Staged is { } staged && staged.Stateroot == context.Current?.Stateroot)
        {
            origin = origin.WithWishOf(staged.Origin); // what waits for the next boot is asked for still
        }

        origin = Packages is null ? origin : origin.WithPackages(Packages);
        bool isRunning = IsRunning(context, origin, prepared.Manifest.Digest);
        PulledImage image = await context.PullAsync(prepared, isRunning ? null : origin, cancellation).ConfigureAwait(false);
        if (isRunning)
        {
            sysroot.DiscardStaged();
        }
        else
        {
            context.Deploy(image, prepared, origin, Retain, DownloadOnly, cancellation);
        }

        if (!Retain && previous is not null)
        {
            context.Forget(previous.Image);
        }

        context.CleanUp();
        if (isRunning)
        {
            progress.Message($"What was staged is discarded, and the running image boots next: {Target.Image}{Describe.Image(image.Image)}");
            return OperationOutcome.Prepared; // there is nothing to reboot for
        }

        progress.Message($"{Describe.State(sysroot, DownloadOnly)}: {Target.Image}{Describe.Image(image.Image)}");
        return Describe.Outcome(sysroot, DownloadOnly);
    }

    // Whether a deployment of the image would be the running one again, which boots next once nothing is staged.
    private bool IsRunning(OperationContext context, Origin origin, Oci.Model.Digest digest) =>
        sysroot is { Booted: { } booted, Staged: { } staged }
        && context.Wished == staged
        && sysroot.Deployments.First(deployment => !deployment.IsStaged) == booted
        && ImageStore.QueryCommit(sysroot.Repository, booted.Commit)?.ManifestDigest == digest
        && origin.File.ToString() == booted.Origin.ForNewDeployment().File.ToString()
        && KernelArgumentsOperation.Show(sysroot, staged).SequenceEqual(KernelArgumentsOperation.Show(sysroot, booted))
        && staged.Entry.Extensions.SequenceEqual(booted.Entry.Extensions);

    private OperationOutcome ChangeOrigin(OperationContext context)
    {
        Deployment current = context.Current ?? throw new DeploymentException($"{sysroot.Path} has no deployment whose image could be changed in place");
        foreach (Deployment deployment in new[] { context.Wished!, current }.Distinct())
        {
            deployment.Origin = deployment.Origin.WithImage(Target);
            sysroot.WriteOrigin(deployment);
            progress.Message($"{deployment.DirectoryName} now follows {Target.Image}");
        }

        return OperationOutcome.Prepared;
    }
}
