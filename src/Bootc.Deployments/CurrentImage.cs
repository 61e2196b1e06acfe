// The very image that a host runs.
using Bootc.Import;
using Bootc.Oci;
using Bootc.Oci.Model;

namespace Bootc.Deployments;

/// <summary>An image and the digest of its manifest.</summary>
/// <param name="Image">Where it came from; in a registry, by its digest.</param>
/// <param name="Manifest">The digest.</param>
public sealed record CurrentImage(ImageReference Image, Digest Manifest)
{
    /// <summary>The image of the running deployment or, on a sysroot that does not run, of the one that boots next.</summary>
    /// <exception cref="DeploymentException">There is no deployment, or its commit did not come from an image.</exception>
    public static CurrentImage Find(Sysroot sysroot)
    {
        Deployment current = FindDeployment(sysroot);
        if (current.Origin.Image is not { Image: var image } || ImageStore.QueryCommit(sysroot.Repository, current.Commit) is not { } stored)
        {
            throw new DeploymentException($"the deployment {current.DirectoryName} did not come from an image");
        }

        return image.Transport == Transport.Registry
            ? new CurrentImage(image with { Name = (RegistryReference.Parse(image.Name) with { Tag = null, Digest = stored.ManifestDigest }).ToString() }, stored.ManifestDigest)
            : new CurrentImage(image, stored.ManifestDigest);
    }

    /// <summary>The running deployment or, on a sysroot that does not run, the one that boots next.</summary>
    /// <exception cref="DeploymentException">There is none.</exception>
    public static Deployment FindDeployment(Sysroot sysroot) =>
        sysroot.Current ?? throw new DeploymentException($"{sysroot.Path} has no deployment whose image could be meant");
}
