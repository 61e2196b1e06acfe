// upgrade --check: how the packages of an update differ from those of the host.
using Bootc.Deployments;
using Bootc.Import;
using Bootc.Import.Packages;
using Bootc.Ostree;

namespace Bootc.Layering;

/// <summary>What an update changes in packages.</summary>
/// <param name="Image">Those of the image; <see langword="null"/> where the newer image was not fetched yet, or lists none.</param>
/// <param name="Layers">Those that the host has besides; nothing where it has none.</param>
/// <param name="Security">Which of the new packages are security fixes, as far as the distribution's own lists say so.</param>
public sealed record PackageCheck(PackageDiff? Image, PackageDiff Layers, IReadOnlySet<Package> Security)
{
    private static readonly PackageDiff s_same = new([], [], []);

    /// <summary>Whether the host would have other packages besides its image's.</summary>
    public bool HasNewerLayers => Layers.Added.Count + Layers.Removed.Count + Layers.Changed.Count > 0;

    /// <summary>Finds out what would change; on a host that adds packages, the lists are fetched where they are not the newest.</summary>
    /// <param name="sysroot">The sysroot.</param>
    /// <param name="update">The image that an update would bring; <see langword="null"/> when there is none.</param>
    /// <param name="progress">Told what is done.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="LayeringException">The packages that the host wants cannot be had.</exception>
    public static PackageCheck Run(Sysroot sysroot, PreparedImport? update, IOperationProgress progress, CancellationToken cancellation)
    {
        Repository repository = sysroot.Repository;
        Deployment current = sysroot.Current!;
        PackageDiff? image = update?.Present is { } fetched
            && PackageDatabase.Read(repository, ImageStore.BaseOf(repository, current.Commit)) is { } before
            && PackageDatabase.Read(repository, fetched.MergeCommit) is { } after
                ? PackageDiff.Compare(before, after)
                : null;
        PackageDiff layers = sysroot.Default!.Origin.Packages.IsEmpty ? s_same : CompareLayers(sysroot, update, progress, cancellation);
        (Package?, Package)[] come = [.. NewOf(layers), .. image is null ? [] : NewOf(image)];
        IReadOnlySet<Package> security = PackageSystems.TryFind(repository, ImageStore.BaseOf(repository, current.Commit)) is { } system
            ? system.FindSecurityFixes(PackageLayering.FindCache(sysroot, current.Stateroot, system.CacheName), come, Path.Combine(sysroot.Path, current.Path), cancellation)
            : new HashSet<Package>();
        return new PackageCheck(image, layers, security);
    }

    private static PackageDiff CompareLayers(Sysroot sysroot, PreparedImport? update, IOperationProgress progress, CancellationToken cancellation)
    {
        using SysrootLock held = sysroot.Lock(progress, cancellation);
        DeriveRequest request = PackageRequest.For(sysroot, progress, update?.Present);
        if (new PackageLayering().SolveUnlessUnchanged(request, cancellation) is not { } solved)
        {
            return s_same;
        }

        PackageReport report = PackageReport.Read(sysroot, sysroot.Default!);
        IEnumerable<Package> before = report.Difference.Added.Concat(report.Difference.Changed.Select(change => change.New));
        IEnumerable<Package> after = solved.Changes.Where(change => change.After is not null).Select(change => new Package(change.Name, change.After!, change.Architecture));
        return PackageDiff.Compare(before, after);
    }

    private static IEnumerable<(Package? Before, Package After)> NewOf(PackageDiff diff) =>
        diff.Added.Select(package => ((Package?)null, package)).Concat(diff.Changed.Select(change => ((Package?)change.Old, change.New)));
}
