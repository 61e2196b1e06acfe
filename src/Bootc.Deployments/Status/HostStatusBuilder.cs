// Describes a sysroot as a document.
using Bootc.Deployments.Health;
using Bootc.Import;
using Bootc.Oci;

namespace Bootc.Deployments.Status;

/// <summary>Makes the document that describes a sysroot.</summary>
public static class HostStatusBuilder
{
    /// <summary>Describes a sysroot; nothing but its boot entries, origins and commits is read.</summary>
    public static Host Build(Sysroot sysroot)
    {
        Deployment? rollback = sysroot.Rollback;
        Deployment? current = sysroot.Current;
        Deployment? wish = sysroot.Staged ?? current;
        bool rollbackQueued = sysroot.Booted is { } booted && sysroot.Deployments.First(deployment => !deployment.IsStaged) is { } first && !first.IsSame(booted) && first.IsSame(rollback);
        BootEntryStatus[] others = [.. sysroot.Deployments
            .Where(deployment => !deployment.IsStaged && !deployment.IsBooted && !deployment.IsSame(rollback))
            .Select(deployment => Describe(sysroot, deployment))];
        return new Host
        {
            Spec = new HostSpec
            {
                Image = wish?.Origin.Image is { } image ? ImageReferenceStatus.From(image) : null,
                BootOrder = rollbackQueued ? "rollback" : "default",
            },
            Status = new HostStatus
            {
                Staged = sysroot.Staged is { } staged ? Describe(sysroot, staged) : null,
                Booted = sysroot.Booted is { } running ? Describe(sysroot, running) : null,
                Rollback = rollback is not null ? Describe(sysroot, rollback) : null,
                OtherDeployments = others,
                RollbackQueued = rollbackQueued,
                FailedBoots = ReadFailedBoots(sysroot),
                FinalizationFailure = sysroot.ReadFinalizationFailure(),
                Integrity = Describe(SealStates.Of(sysroot)),
                Type = sysroot.Booted is not null ? "bootcHost" : null,
            },
        };
    }

    private static string? Describe(SealState state) => state switch
    {
        SealState.Unsealed => "unsealed",
        SealState.Sealing => "sealing",
        SealState.Sealed => "sealed",
        _ => null,
    };

    private static SortedDictionary<string, string>? ReadFailedBoots(Sysroot sysroot)
    {
        FailedBoots failed = FailedBoots.Load(sysroot);
        var reasons = new SortedDictionary<string, string>(failed.Digests.ToDictionary(digest => digest, digest => failed.FindReason(digest) ?? ""), StringComparer.Ordinal);
        return reasons.Count == 0 ? null : reasons;
    }

    private static BootEntryStatus Describe(Sysroot sysroot, Deployment deployment)
    {
        OstreeImageReference? reference = deployment.Origin.Image;
        ImageSummary? image = reference is null ? null : ImageStore.SummarizeCommit(sysroot.Repository, deployment.Commit);
        PackageWish packages = deployment.Origin.Packages;
        return new BootEntryStatus
        {
            Image = image is null ? null : Describe(reference!, image.ManifestDigest.ToString(), image.Version, image.Timestamp, image.Architecture) with { Verification = Verification.Read(sysroot.Repository, deployment.Commit) },
            CachedUpdate = image?.CachedUpdate is not { } update ? null : Describe(
                reference!, update.ManifestDigest.ToString(), update.Version, update.Timestamp, update.Architecture),
            Incompatible = image is null,
            Pinned = deployment.IsPinned,
            SoftRebootCapable = SoftReboot.FindObstacle(sysroot, deployment) is null,
            DownloadOnly = deployment.IsStaged && sysroot.IsStagedLocked,
            Store = image is null ? null : "ostreeContainer",
            Ostree = new OstreeStatus { Stateroot = deployment.Stateroot, Checksum = deployment.Commit.ToString(), DeploySerial = deployment.Serial },
            Packages = packages,
            Initramfs = deployment.Origin.Initramfs,
            Live = deployment.IsBooted ? LiveState.TryRead(sysroot) : null,
            InactivePackages = packages.IsEmpty ? [] : PackageWish.ReadInactive(sysroot.Repository, deployment.Commit),
        };
    }

    private static ImageStatus Describe(OstreeImageReference reference, string digest, string? version, DateTimeOffset? timestamp, string architecture) => new()
    {
        Image = ImageReferenceStatus.From(reference),
        ImageDigest = digest,
        Version = version,
        Timestamp = timestamp,
        Architecture = architecture,
    };
}
