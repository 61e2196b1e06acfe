// What a deployment has besides its image.
using Bootc.Deployments;
using Bootc.Import;
using Bootc.Import.Packages;
using Bootc.Ostree;

namespace Bootc.Layering;

/// <summary>The wish of a deployment and what came of it.</summary>
/// <param name="Wish">What is wanted besides the image.</param>
/// <param name="Inactive">What of it the image has already, or lacks already.</param>
/// <param name="Difference">The packages of the deployment against those of its image.</param>
public sealed record PackageReport(PackageWish Wish, IReadOnlyList<string> Inactive, PackageDiff Difference)
{
    /// <summary>Reads what a deployment has.</summary>
    public static PackageReport Read(Sysroot sysroot, Deployment deployment)
    {
        Repository repository = sysroot.Repository;
        return new PackageReport(
            deployment.Origin.Packages,
            PackageWish.ReadInactive(repository, deployment.Commit),
            PackageDiff.Compare(
                PackageDatabase.Read(repository, ImageStore.BaseOf(repository, deployment.Commit)) ?? [],
                PackageDatabase.Read(repository, deployment.Commit) ?? []));
    }
}
