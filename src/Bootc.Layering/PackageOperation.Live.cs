// apply-live, --transient: packages on the system that runs.
using Bootc.Deployments;
using Bootc.Import;
using Bootc.Import.Packages;

namespace Bootc.Layering;

public sealed partial class PackageOperation
{
    /// <summary>Puts what the next boot has onto the running system as well.</summary>
    public bool ApplyLive { get; init; }

    /// <summary>Whether packages of the running system may be replaced and removed while it runs.</summary>
    public bool AllowReplacement { get; init; }

    /// <summary>Puts what the deployment that boots next has onto the running system.</summary>
    /// <exception cref="LayeringException">It takes a reboot.</exception>
    public OperationOutcome ApplyPending(CancellationToken cancellation)
    {
        using SysrootLock held = sysroot.Lock(progress, cancellation);
        Deployment next = sysroot.Default ?? throw new LayeringException($"{sysroot.Path} has no deployment");
        MakeLive(next);
        return OperationOutcome.Prepared;
    }

    /// <summary>Puts packages onto the running system until its next boot, which has nothing of them.</summary>
    /// <param name="packages">Names of packages from repositories.</param>
    /// <param name="cancellation">Ends the operation.</param>
    /// <exception cref="LayeringException">One is no package or cannot be had, or it takes a reboot.</exception>
    public OperationOutcome InstallTransiently(IReadOnlyList<string> packages, CancellationToken cancellation)
    {
        using SysrootLock held = sysroot.Lock(progress, cancellation);
        Deployment booted = sysroot.Booted ?? throw new LayeringException($"only the running host can be changed while it runs, and {sysroot.Path} is not what it runs");
        StoredImage image = RequireImage(booted);
        IPackageSystem system = SystemOf(booted);
        RequireNames(packages, system);
        RefuseInactive([.. packages], system, booted);
        string[] transient = [.. LiveState.TryRead(sysroot)?.Transient ?? [], .. packages];
        PackageWish wish = booted.Origin.Packages;
        Origin origin = booted.Origin.WithPackages(wish with { Requested = [.. wish.Requested.Union(transient)] });
        var layering = new PackageLayering { CacheOnly = CacheOnly };
        var context = new OperationContext(sysroot, oci, progress) { Deriver = layering };
        var pulled = new PulledImage(image, LayerFacts.Load(sysroot.Repository, image));
        if (DryRun)
        {
            return Simulate(layering, context, pulled, origin, booted, cancellation);
        }

        DerivedCommit derived = context.Derive(pulled, origin, looksForNewer: false, cancellation);
        Transaction = PackageTransaction.Between(ReadPackages(booted), PackageDatabase.Read(sysroot.Repository, derived.Commit) ?? [], layering.Transaction, []);
        new LiveChange(sysroot, progress) { AllowReplacement = AllowReplacement }.Apply(derived.Commit, [.. transient.Distinct()]);
        progress.Message($"On the running system until its next boot: {List(packages)}");
        return OperationOutcome.Prepared;
    }

    private void MakeLive(Deployment next)
    {
        new LiveChange(sysroot, progress) { AllowReplacement = AllowReplacement }.Apply(next.Commit, []);
        progress.Message("The running system has what the next boot has");
    }

    private StoredImage RequireImage(Deployment deployment) => ImageStore.QueryCommit(sysroot.Repository, deployment.Commit) is { } stored && deployment.Origin.Image is not null
        ? stored
        : throw new LayeringException($"the deployment {deployment.DirectoryName} did not come from an image, so that no packages can be added to it");
}
