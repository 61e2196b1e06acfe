// The short way: the same inputs as before, and so the same commit, without mounting anything or running any tool.
using Bootc.Deployments;
using Bootc.Ostree.Objects;

namespace Bootc.Layering;

public sealed partial class PackageLayering
{
    private DerivedCommit? FindUnchanged(DeriveRequest request, CancellationToken cancellation)
    {
        IPackageSystem? system = FindSystem(request);
        if (HashInputs(request, system) is not { } key
            || new DerivedCommits(FindCache(request, system)).TryFind(key) is not { } commit
            || request.Sysroot.Deployments.All(deployment => deployment.Commit != commit)
            || (request.LooksForNewer && system is not null && !HasNewestLists(request, system, cancellation)))
        {
            return null;
        }

        Transaction = null;
        TellInactive(request, PackageWish.ReadInactive(request.Sysroot.Repository, commit));
        return new DerivedCommit(commit, null, request.Image.Facts.TryGet);
    }

    private bool HasNewestLists(DeriveRequest request, IPackageSystem system, CancellationToken cancellation) =>
        CacheOnly || (FindEtc(request) is { } etc && system.IsCurrent(etc, FindCache(request, system), cancellation));

    private static void Remember(DeriveRequest request, IPackageSystem? system, string? key, Checksum commit)
    {
        if (key is not null)
        {
            new DerivedCommits(FindCache(request, system)).Add(key, commit);
        }
    }

    private static string? HashInputs(DeriveRequest request, IPackageSystem? system) =>
        LayerInputs.TryHash(request.Image.Image.MergeCommit, request.Origin, FindEtc(request), system, FindCache(request, system));

    private static string? FindEtc(DeriveRequest request) =>
        request.Merge is { } merge && Path.Combine(request.Sysroot.Path, merge.Path, "etc") is var etc && Directory.Exists(etc) ? etc : null;
}
