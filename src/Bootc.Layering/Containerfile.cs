// The way from packages on a host to an image that has them.
using System.Text;
using Bootc.Deployments;
using Bootc.Oci;

namespace Bootc.Layering;

/// <summary>Writes the Containerfile that builds what a deployment is.</summary>
public static class Containerfile
{
    /// <summary>The Containerfile's text. Packages that were given as files are to lie beside it.</summary>
    /// <exception cref="LayeringException">The deployment follows no image.</exception>
    public static string Describe(Deployment deployment)
    {
        OstreeImageReference image = deployment.Origin.Image ?? throw new LayeringException($"the deployment {deployment.DirectoryName} follows no image that one could be derived of");
        PackageWish wish = deployment.Origin.Packages;
        var text = new StringBuilder($"FROM {(image.Image.Transport == Transport.Registry ? image.Image.Name : image.Image.ToString())}\n");
        LocalPackage[] files = [.. wish.LocalFiles];
        foreach (LocalPackage file in files)
        {
            text.Append($"COPY {file.Identity}.deb /tmp/packages/\n");
        }

        string[] arguments =
        [
            .. wish.Requested,
            .. files.Select(file => $"/tmp/packages/{file.Identity}.deb"),
            .. wish.Removed.Select(name => name + "-"),
        ];
        if (arguments.Length > 0)
        {
            // The image has nothing in /var, and its package database in /usr.
            text.Append("RUN systemd-tmpfiles --create --prefix=/var; \\\n    apt-get update && \\\n");
            text.Append($"    DEBIAN_FRONTEND=noninteractive apt-get install -y --allow-downgrades {string.Join(' ', arguments)} && \\\n");
            text.Append("    rm -rf /tmp/packages /var/*\n");
        }

        return text.ToString();
    }
}
