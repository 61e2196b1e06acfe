// What a deployment has besides its image.
using Bootc.Deployments;
using Bootc.Import;
using Bootc.Import.Packages;
using Bootc.Ostree;
using Bootc.Ostree.Objects;

namespace Bootc.Layering;

/// <summary>The wish of a deployment and what came of it.</summary>
/// <param name="Wish">What is wanted besides the image.</param>
/// <param name="Inactive">What of it the image has already, or lacks already.</param>
/// <param name="Difference">The packages of the deployment against those of its image.</param>
public sealed record PackageReport(PackageWish Wish, IReadOnlyList<string> Inactive, PackageDiff Difference)
{
    /// <summary>The packages that were asked for by their names; the others that are added are needed by them.</summary>
    public IReadOnlySet<string> Asked { get; private init; } = new HashSet<string>();

    /// <summary>Reads what a deployment has.</summary>
    public static PackageReport Read(Sysroot sysroot, Deployment deployment)
    {
        Repository repository = sysroot.Repository;
        PackageWish wish = deployment.Origin.Packages;
        Checksum image = ImageStore.BaseOf(repository, deployment.Commit);
        IReadOnlyList<Package> packages = PackageDatabase.Read(repository, deployment.Commit) ?? [];
        IPackageSystem? system = wish.IsEmpty ? null : PackageSystems.TryFind(repository, image);
        return new PackageReport(
            wish,
            PackageWish.ReadInactive(repository, deployment.Commit),
            PackageDiff.Compare(PackageDatabase.Read(repository, image) ?? [], packages))
        {
            Asked = wish.Requested.Select(name => system?.NameIn(name, packages) ?? name).ToHashSet(),
        };
    }
}
