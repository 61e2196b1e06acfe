// The way from packages on a host to an image that has them.
using System.Text;
using Bootc.Deployments;
using Bootc.Import;
using Bootc.Oci;

namespace Bootc.Layering;

/// <summary>Writes the Containerfile that builds what a deployment is.</summary>
public static class Containerfile
{
    /// <summary>The Containerfile's text. What <see cref="TakesFiles"/> says is to lie beside it, as <see cref="BuildContext"/> writes it.</summary>
    /// <exception cref="LayeringException">The deployment follows no image.</exception>
    public static string Describe(Sysroot sysroot, Deployment deployment)
    {
        OstreeImageReference image = deployment.Origin.Image ?? throw new LayeringException($"the deployment {deployment.DirectoryName} follows no image that one could be derived of");
        PackageWish wish = deployment.Origin.Packages;
        var text = new StringBuilder($"FROM {(image.Image.Transport == Transport.Registry ? image.Image.Name : image.Image.ToString())}\n");
        if (!wish.IsEmpty)
        {
            IPackageSystem system = PackageSystems.Find(sysroot.Repository, ImageStore.BaseOf(sysroot.Repository, deployment.Commit));
            string[] files = [.. wish.LocalFiles.Select(file => file.Identity + system.Extension)];
            text.Append(string.Concat(files.Select(file => $"COPY {file} /tmp/packages/\n")));
            text.Append(system.DescribeBuild(wish, [.. files.Select(file => $"/tmp/packages/{file}")]));
        }

        return text.Append(InitramfsBuild.Of(sysroot, deployment).Instructions).ToString();
    }

    /// <summary>Whether the build takes files besides the Containerfile: packages that were given as files, and files of the host for its initramfs.</summary>
    public static bool TakesFiles(Sysroot sysroot, Deployment deployment) =>
        deployment.Origin.Packages.LocalFiles.Any() || InitramfsBuild.Of(sysroot, deployment).HasFiles;
}
