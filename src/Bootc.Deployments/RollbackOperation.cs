// rollback: boot the deployment before.
using Bootc.Deployments.Health;
using Bootc.Import;

namespace Bootc.Deployments;

/// <summary>Makes the deployment to fall back to the one that boots next; run again, it takes that back.</summary>
public sealed class RollbackOperation(Sysroot sysroot, IOperationProgress progress)
{
    /// <summary>Runs the operation.</summary>
    /// <exception cref="DeploymentException">There is no deployment to fall back to.</exception>
    public OperationOutcome Run(CancellationToken cancellation)
    {
        using SysrootLock held = sysroot.Lock(progress, cancellation);
        Deployment[] finalized = [.. sysroot.Deployments.Where(deployment => !deployment.IsStaged)];
        bool isReverting = sysroot.Booted is { } running && !finalized[0].IsSame(running);
        Deployment target = isReverting ? sysroot.Booted! : sysroot.Rollback
            ?? throw new DeploymentException($"there is no deployment to fall back to on {sysroot.Path}");
        if (sysroot.Staged is not null)
        {
            progress.Message("The staged deployment is discarded");
        }

        sysroot.RemoveLeftovers(); // of a run that was killed
        sysroot.WriteDeployments([target, .. finalized.Where(deployment => !deployment.IsSame(target))]);
        sysroot.CleanUp();
        WarnIfFailed(target);
        progress.Message(isReverting ? "The rollback is taken back: the next boot is the running deployment" : $"Next boot: rollback deployment {target.DirectoryName}{(target.Origin.Image is { } image ? $"\n  Image: {image.Image}" : "")}");
        return OperationOutcome.Changed;
    }

    private void WarnIfFailed(Deployment target)
    {
        if (ImageStore.QueryCommit(sysroot.Repository, target.Commit) is { } image && FailedBoots.Load(sysroot).FindReason(image.ManifestDigest) is { } reason)
        {
            progress.Warn($"{target.DirectoryName} did not boot well before ({reason}); 'bootc rollback' again takes this back");
        }
    }
}
