// The short way: the same inputs as before, and so the same commit, without mounting anything or running any tool.
using Bootc.Deployments;
using Bootc.Layering.Apt;
using Bootc.Ostree.Objects;

namespace Bootc.Layering;

public sealed partial class PackageLayering
{
    private DerivedCommit? FindUnchanged(DeriveRequest request, CancellationToken cancellation)
    {
        if (HashInputs(request) is not { } key
            || new DerivedCommits(FindCache(request)).TryFind(key) is not { } commit
            || request.Sysroot.Deployments.All(deployment => deployment.Commit != commit)
            || (request.LooksForNewer && !request.Origin.Packages.IsEmpty && !HasNewestLists(request, cancellation)))
        {
            return null;
        }

        Transaction = null;
        TellInactive(request, PackageWish.ReadInactive(request.Sysroot.Repository, commit));
        return new DerivedCommit(commit, null, request.Image.Facts.TryGet);
    }

    private bool HasNewestLists(DeriveRequest request, CancellationToken cancellation) =>
        CacheOnly || (FindEtc(request) is { } etc && AptProbe.IsCurrent($"{etc}/{Settings}", FindLists(request), cancellation));

    private static void Remember(DeriveRequest request, string? key, Checksum commit)
    {
        if (key is not null)
        {
            new DerivedCommits(FindCache(request)).Add(key, commit);
        }
    }

    private static string? HashInputs(DeriveRequest request) =>
        LayerInputs.TryHash(request.Image.Image.MergeCommit, request.Origin, FindEtc(request), Settings, FindLists(request));

    private static string FindLists(DeriveRequest request) => Path.Combine(FindCache(request), "lists");

    /// <summary>The path of the lists of packages that a stateroot's deployments fetched.</summary>
    internal static string FindLists(Sysroot sysroot, string stateroot) => Path.Combine(FindCache(sysroot, stateroot), "lists");

    private static string? FindEtc(DeriveRequest request) =>
        request.Merge is { } merge && Path.Combine(request.Sysroot.Path, merge.Path, "etc") is var etc && Directory.Exists(etc) ? etc : null;
}
