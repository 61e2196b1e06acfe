// What is asked of layering where nothing is to be deployed.
using Bootc.Deployments;
using Bootc.Import;

namespace Bootc.Layering;

internal static class PackageRequest
{
    /// <summary>Asks for what the deployment that boots next wants, with the newest packages.</summary>
    /// <param name="sysroot">The sysroot, locked by the caller.</param>
    /// <param name="progress">Told what is done.</param>
    /// <param name="newer">An image that is to take the place of the deployment's, if any.</param>
    /// <exception cref="LayeringException">There is no deployment, or it is not of an image.</exception>
    public static DeriveRequest For(Sysroot sysroot, IOperationProgress progress, StoredImage? newer = null)
    {
        Deployment current = sysroot.Default ?? throw new LayeringException($"{sysroot.Path} has no deployment that packages could be added to; choose an image with 'bootc switch'");
        StoredImage image = newer ?? ImageStore.QueryCommit(sysroot.Repository, current.Commit)
            ?? throw new LayeringException($"the deployment {current.DirectoryName} did not come from an image, so that no packages can be added to it");
        return new DeriveRequest
        {
            Sysroot = sysroot,
            Image = new PulledImage(image, LayerFacts.Load(sysroot.Repository, image)),
            Origin = current.Origin.ForNewDeployment(),
            Merge = sysroot.Booted ?? current,
            LooksForNewer = true,
            Progress = progress,
        };
    }
}
