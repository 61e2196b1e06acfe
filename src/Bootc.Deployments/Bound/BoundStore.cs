// Where bound images are kept: a store of podman's, which is the host's and not the owner's.
using Bootc.Import.SELinux;
using Bootc.Linux;
using Bootc.Oci;
using Bootc.Ostree.Objects;
using Bootc.Ostree.SELinux;

namespace Bootc.Deployments.Bound;

/// <summary>
/// The storage <c>ostree/bootc/storage</c> of a sysroot, in the format of containers/storage. OS images have a link to it at
/// <c>/usr/lib/bootc/storage</c>, and containers use it with <c>--storage-opt=additionalimagestore=/usr/lib/bootc/storage</c>. podman
/// fetches what is not there; what no deployment binds any more is removed.
/// </summary>
internal sealed class BoundStore(Sysroot sysroot, OciOptions oci, IOperationProgress progress)
{
    /// <summary>The folder in a sysroot.</summary>
    public const string Folder = "ostree/bootc/storage";

    private const string NewFolder = Folder + ".tmp";
    private const string LabelledAs = "/var/lib/containers/storage";
    private const string LabelAttribute = "security.selinux";
    private const int AtOnce = 100;

    /// <summary>Fetches the images that a deployment binds, as far as they are not there.</summary>
    /// <param name="commit">The deployment's commit.</param>
    /// <param name="origin">Its origin.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="BoundImageException">One cannot be had.</exception>
    public void Fetch(Checksum commit, Origin origin, CancellationToken cancellation)
    {
        IReadOnlyList<BoundImage> images = BoundImages.Read(sysroot.Repository, commit, origin);
        if (images.Count == 0)
        {
            return;
        }

        if (!Podman.IsThere)
        {
            throw new BoundImageException($"the host binds {string.Join(", ", images.Select(image => image.Image))}, which podman fetches, and there is no podman on this host");
        }

        Prepare(commit, cancellation);
        Podman podman = Open(Folder);
        foreach (BoundImage image in images)
        {
            if (podman.Run(["image", "exists", image.Image], cancellation).ExitCode == 0)
            {
                continue;
            }

            progress.Step($"Fetching the bound image {image.Image}");
            PodmanResult pulled = podman.Run(["image", "pull", "--quiet", image.Image], cancellation);
            if (pulled.ExitCode != 0)
            {
                throw new BoundImageException($"the bound image {image.Image} ({image.Source}) cannot be fetched: {pulled.LastLine}");
            }
        }
    }

    /// <summary>Removes the images that no deployment binds. What goes wrong is told, and left to the next time.</summary>
    public void Prune()
    {
        if (!sysroot.Root.Exists(Folder))
        {
            return;
        }

        try
        {
            HashSet<string> needed = [.. sysroot.Deployments.SelectMany(deployment => BoundImages.Read(sysroot.Repository, deployment.Commit, deployment.Origin)).Select(image => image.Image)];
            needed.UnionWith(sysroot.Deployments.Select(deployment => deployment.Origin.Image?.Image.Name).OfType<string>()); // who keeps the host's own image here, too, keeps it
            Podman podman = Open(Folder);
            HashSet<string> kept = [.. needed.Select(name => podman.Run(["image", "inspect", "--format", "{{.Id}}", name], CancellationToken.None)).Where(found => found.ExitCode == 0).Select(found => found.Output.Trim())];
            string[] unneeded = [.. podman.Run(["image", "list", "--quiet", "--no-trunc"], CancellationToken.None).Succeeded().Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Select(id => id.Replace("sha256:", "", StringComparison.Ordinal)).Distinct().Where(id => !kept.Contains(id))];
            foreach (string[] some in unneeded.Chunk(AtOnce))
            {
                podman.Run(["image", "rm", "--force", .. some], CancellationToken.None).Succeeded();
            }
        }
        catch (Exception e) when (e is BoundImageException or IOException)
        {
            progress.Warn($"Images that no deployment binds are not removed yet, the next run will try again: {e.Message}");
        }
    }

    private Podman Open(string folder) => new(sysroot, folder, oci);

    // A store that is not whole is none: it gets its name when podman has made it.
    private void Prepare(Checksum commit, CancellationToken cancellation)
    {
        if (sysroot.Root.Exists(Folder))
        {
            return;
        }

        sysroot.Root.RemoveTree(NewFolder);
        sysroot.Root.EnsureDirectory(NewFolder).Dispose();
        Open(NewFolder).Run(["image", "list"], cancellation).Succeeded();
        if (SELinuxPolicy.TryLoad(sysroot.Repository, commit) is { } policy)
        {
            using DirectoryHandle folder = sysroot.Root.OpenDirectory(NewFolder);
            Label(folder, LabelledAs, policy); // what comes into it later gets the labels of its folders
        }

        sysroot.Root.Rename(NewFolder, sysroot.Root, Folder);
        using DirectoryHandle above = sysroot.Root.OpenDirectory(Path.GetDirectoryName(Folder)!);
        above.Sync();
    }

    private static void Label(DirectoryHandle folder, string path, FileContexts policy)
    {
        SetLabel(folder, ".", path);
        foreach (DirectoryEntry entry in folder.List())
        {
            string at = $"{path}/{entry.Name}";
            if (entry.Kind == FileKind.Directory)
            {
                using DirectoryHandle below = folder.OpenDirectory(entry.Name);
                Label(below, at, policy);
            }
            else
            {
                SetLabel(folder, entry.Name, at);
            }
        }

        void SetLabel(DirectoryHandle directory, string name, string at)
        {
            if (policy.Lookup(at, directory.GetStatus(name == "." ? "" : name).Mode) is { } label)
            {
                directory.SetExtendedAttribute(name, LabelAttribute, System.Text.Encoding.UTF8.GetBytes(label + "\0"));
            }
        }
    }
}
