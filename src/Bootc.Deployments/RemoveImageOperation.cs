// image rm: an image leaves the store.
using Bootc.Import;
using Bootc.Oci;
using Bootc.Ostree;

namespace Bootc.Deployments;

/// <summary>Removes an image from a sysroot's repository, with all that no other image and no deployment needs.</summary>
public sealed class RemoveImageOperation(Sysroot sysroot, IOperationProgress progress)
{
    /// <summary>The image.</summary>
    public required ImageReference Image { get; init; }

    /// <summary>Runs the operation.</summary>
    /// <exception cref="DeploymentException">There is no such image, or a deployment follows it.</exception>
    public PruneResult Run(CancellationToken cancellation)
    {
        using SysrootLock held = sysroot.Lock(progress, cancellation);
        if (ImageStore.QueryImage(sysroot.Repository, Image) is null)
        {
            string known = string.Join(", ", ImageStore.ListImages(sysroot.Repository).Select(image => image.ToString()).DefaultIfEmpty("none"));
            throw new DeploymentException($"the store has no image {Image}, only {known}");
        }

        if (sysroot.Deployments.FirstOrDefault(deployment => deployment.Origin.Image?.Image == Image) is { } follower)
        {
            throw new DeploymentException($"{Image} is what the deployment {follower.DirectoryName} follows: it goes when the host has followed another image for long enough");
        }

        var context = new OperationContext(sysroot, new OciOptions(), progress);
        context.Forget(Image);
        progress.Step("Cleaning up");
        PruneResult pruned = sysroot.CleanUp();
        progress.Message($"Removed: {Image}");
        return pruned;
    }
}
