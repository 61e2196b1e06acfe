// SELinux labels of a root: what an installation makes besides deployments, which have those of their image.
using Bootc.Import.SELinux;
using Bootc.Linux;

namespace Bootc.Install;

/// <summary>
/// Labels the root directory, /boot and /ostree of a new root by the policy of the image, as bootc does: the root as <c>/</c>,
/// <c>/ostree</c> as <c>/usr</c>, and what is in them by the paths that it has on the disk.
/// </summary>
internal sealed class RootLabels(DirectoryLabels labels, DirectoryHandle root)
{
    private const string Repository = "/ostree/repo/objects/";
    private const string FileObject = ".file";
    private static readonly string[] Others = ["boot", "ostree", "lost+found", Aleph.Name];

    /// <summary>Labels all of it; what has a label keeps it, but for the three directories. On a file system without labels it does nothing.</summary>
    /// <param name="deployment">The path of the deployment.</param>
    /// <exception cref="LinuxException">The kernel does not take a label.</exception>
    public void Apply(string deployment)
    {
        try
        {
            labels.Set(root, ".", "/");
        }
        catch (LinuxException e) when (e.Error == Errno.EOPNOTSUPP)
        {
            return;
        }

        labels.Set(root, "boot", "/boot");
        labels.Set(root, "ostree", "/usr");
        foreach (string name in Others.Where(root.Exists))
        {
            labels.Complete(root, name, $"/{name}", path => path == $"/{deployment}" || IsFileObject(path));
        }

        using DirectoryHandle tree = root.OpenDirectory(deployment);
        labels.Complete(tree, "etc", "/etc");
        labels.Set(tree, ".ostree.cfs", "/usr");
    }

    private static bool IsFileObject(string path) => path.StartsWith(Repository, StringComparison.Ordinal) && path.EndsWith(FileObject, StringComparison.Ordinal);
}
