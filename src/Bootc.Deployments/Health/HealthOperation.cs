// health-check: after a boot, keep the deployment or go back to the one before.
using Bootc.Deployments.Boot;
using Bootc.Import;

namespace Bootc.Deployments.Health;

/// <summary>
/// Runs the checks of the running deployment. When all that are required pass, the deployment is marked as good for ever.
/// When one fails and the deployment was never good, the one before boots next, and the image is remembered as failed.
/// </summary>
public sealed class HealthOperation(Sysroot sysroot, IOperationProgress progress)
{
    /// <summary>Runs the checks below <paramref name="root"/> and draws the conclusion.</summary>
    /// <returns><see cref="OperationOutcome.Changed"/> when the host is to be rebooted into the deployment before.</returns>
    /// <exception cref="DeploymentException">Nothing is running, or a check failed and there is nothing to go back to.</exception>
    public OperationOutcome Run(string root, CancellationToken cancellation)
    {
        if (sysroot.Booted is null)
        {
            throw new DeploymentException($"checks are for the running host, and {sysroot.Path} is not what it runs");
        }

        string[] failures = [.. RunChecks(root).Select(check => $"check {check.Name} failed: {check.Failure}")];
        using SysrootLock held = sysroot.Lock(progress, cancellation);
        NoteExhausted();
        Deployment booted = sysroot.Booted!;
        StoredImage? image = ImageStore.QueryCommit(sysroot.Repository, booted.Commit);
        if (failures.Length == 0)
        {
            return MarkGood(booted, image);
        }

        GoBack(booted, image, string.Join("; ", failures));
        return OperationOutcome.Changed;
    }

    // Of those that are only wanted, a failure is told and has no consequence.
    private List<HealthCheck> RunChecks(string root)
    {
        var failed = new List<HealthCheck>();
        foreach (HealthCheck check in HealthChecks.Run(root).Concat(RequiredUnits.Check()))
        {
            progress.Message($"{(check.IsRequired ? "required" : "wanted")} check {check.Name}: {check.Failure ?? "passed"}");
            if (check is { IsRequired: true, Failure: not null })
            {
                failed.Add(check);
            }
        }

        return failed;
    }

    private OperationOutcome MarkGood(Deployment booted, StoredImage? image)
    {
        if (image is not null)
        {
            FailedBoots.Load(sysroot).Remove(image.ManifestDigest);
        }

        bool isFirstTime = !booted.Origin.IsGood;
        if (isFirstTime)
        {
            booted.Origin.MarkGood();
            sysroot.WriteOrigin(booted);
            progress.Message($"{booted.DirectoryName} booted well");
        }

        sysroot.FollowEntries(); // its boots are not counted any more
        return isFirstTime ? OperationOutcome.Prepared : OperationOutcome.Unchanged;
    }

    // The boot loader came here by itself: the deployment that boots by default never got to the end of its checks.
    private void NoteExhausted()
    {
        Deployment first = sysroot.Deployments.First(deployment => !deployment.IsStaged);
        if (first.IsBooted || sysroot.ReadTriesLeft() != 0)
        {
            return;
        }

        string reason = $"it did not come up in {BootMenu.Tries} boots";
        if (ImageStore.QueryCommit(sysroot.Repository, first.Commit) is { } image)
        {
            FailedBoots.Load(sysroot).Add(image.ManifestDigest, first.Origin.Image?.Image.ToString() ?? "", reason);
        }

        Deployment booted = sysroot.Booted!;
        sysroot.WriteDeployments([booted, .. sysroot.Deployments.Where(deployment => !deployment.IsSame(booted))]);
        progress.Warn($"{first.DirectoryName}: {reason}; {booted.DirectoryName} boots by default again");
    }

    private void GoBack(Deployment booted, StoredImage? image, string reason)
    {
        if (booted.Origin.IsGood)
        {
            throw new DeploymentException($"{reason}; {booted.DirectoryName} booted well before, so it stays");
        }

        FailedBoots failed = FailedBoots.Load(sysroot);
        Deployment target = FindTarget(failed) ?? throw new DeploymentException($"{reason}; there is no deployment to go back to");
        if (image is not null)
        {
            failed.Add(image.ManifestDigest, booted.Origin.Image?.Image.ToString() ?? "", reason);
        }

        Deployment[] finalized = [.. sysroot.Deployments.Where(deployment => !deployment.IsStaged)];
        sysroot.WriteDeployments([target, .. finalized.Where(deployment => !deployment.IsSame(target))]);
        progress.Warn($"{reason}; going back to {target.DirectoryName}");
    }

    // Going back to what failed before would go on for ever.
    private Deployment? FindTarget(FailedBoots failed) => sysroot.Deployments.FirstOrDefault(deployment =>
        deployment is { IsStaged: false, IsBooted: false }
        && deployment.Stateroot == sysroot.Booted!.Stateroot
        && (ImageStore.QueryCommit(sysroot.Repository, deployment.Commit) is not { } image || failed.FindReason(image.ManifestDigest) is null));
}
