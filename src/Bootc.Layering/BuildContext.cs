// What an engine needs to build the image that a host is.
using Bootc.Deployments;

namespace Bootc.Layering;

/// <summary>Writes the Containerfile of a deployment and, beside it, the files that it takes: packages, and what the host's initramfs is made of.</summary>
public static class BuildContext
{
    /// <summary>Writes the files into a directory.</summary>
    /// <param name="sysroot">The sysroot.</param>
    /// <param name="deployment">The deployment.</param>
    /// <param name="directory">The directory's path.</param>
    /// <exception cref="LayeringException">The deployment follows no image, or a file that it takes is not there any more.</exception>
    public static void Write(Sysroot sysroot, Deployment deployment, string directory)
    {
        File.WriteAllText(Path.Combine(directory, "Containerfile"), Containerfile.Describe(sysroot, deployment));
        InitramfsBuild.Of(sysroot, deployment).WriteFiles(directory);
        LocalPackages.Provide(sysroot.Repository, deployment.Origin.Packages.LocalFiles, directory);
    }
}
