// An image's commit as a root that programs can change: its composefs image below, what they change above.
using Bootc.Composefs;
using Bootc.Deployments;
using Bootc.Linux;
using Bootc.Ostree.Objects;
using Microsoft.Win32.SafeHandles;

namespace Bootc.Layering;

/// <summary>
/// A mounted root, made without copying or linking anything of the image, in a directory beside the repository's objects.
/// What is changed is in <see cref="Upper"/> alone. It lives in the mount namespace of the thread that made it.
/// </summary>
internal sealed class LayerRoot : IDisposable
{
    // One at a time works on a sysroot: what is there under this name is of a run that was killed.
    private const string Folder = "ostree/repo/tmp/bootc-layering";

    private readonly Sysroot _sysroot;
    private readonly ComposefsMount _mount;
    private readonly List<string> _shadows = [];

    private LayerRoot(Sysroot sysroot, string path, string image, ComposefsMount mount)
    {
        _sysroot = sysroot;
        _mount = mount;
        WorkPath = path;
        ImagePath = image;
    }

    /// <summary>The file of the commit's composefs image.</summary>
    public string ImagePath { get; }

    /// <summary>A directory for files that are needed on the way.</summary>
    public string WorkPath { get; }

    /// <summary>The root as programs see it.</summary>
    public string Path => $"{WorkPath}/root";

    /// <summary>The directory with what was changed, as overlay keeps it.</summary>
    public string Upper => $"{WorkPath}/upper";

    /// <summary>The <c>/var</c> of the sandbox, which is no part of the commit.</summary>
    public string Var => $"{WorkPath}/var";

    /// <summary>Mounts a commit.</summary>
    /// <param name="sysroot">The sysroot, locked by the caller.</param>
    /// <param name="commit">The commit.</param>
    /// <param name="composefs">Makes its composefs image where no deployment has it.</param>
    /// <exception cref="LinuxException">The kernel refuses.</exception>
    public static LayerRoot Mount(Sysroot sysroot, Checksum commit, Func<UnnamedImage> composefs)
    {
        sysroot.Root.RemoveTree(Folder);
        using DirectoryHandle folder = sysroot.Root.EnsureDirectory(Folder, 0x1C0);
        string path = System.IO.Path.Combine(sysroot.Path, Folder);
        foreach (string name in (string[])["root", "upper", "work", "var", "local"])
        {
            folder.CreateDirectory(name);
        }

        string image = FindImage(sysroot, commit) ?? WriteImage(folder, path, composefs());
        ComposefsMount mount = ComposefsMount.Attach(image, $"{path}/root", new ComposefsMountOptions
        {
            ObjectDirectories = [System.IO.Path.Combine(sysroot.Path, "ostree/repo/objects")],
            Writable = new WritableLayer($"{path}/upper", $"{path}/work", IsVolatile: true), // what counts of it is stored as objects
        });
        return new LayerRoot(sysroot, path, image, mount);
    }

    /// <summary>Shows a directory of the host so that it can be changed: what is changed is gone with the root.</summary>
    /// <param name="directory">The directory.</param>
    /// <param name="name">A name for it beside the root.</param>
    /// <returns>The path where it is shown.</returns>
    /// <exception cref="LinuxException">The kernel refuses.</exception>
    public string Shadow(string directory, string name)
    {
        string place = $"{WorkPath}/{name}";
        using DirectoryHandle work = DirectoryHandle.Open(WorkPath);
        foreach (string part in (string[])["upper", "work", "view"])
        {
            work.EnsureDirectory($"{name}/{part}").Dispose();
        }

        using FileSystemContext overlay = FileSystemContext.OpenOverlay(directory, $"{place}/upper", $"{place}/work", isVolatile: true);
        using SafeFileHandle mount = overlay.CreateMount(directory, readOnly: false);
        Mounts.Attach(mount, $"{place}/view");
        _shadows.Add($"{place}/view");
        return _shadows[^1];
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _shadows.ForEach(Mounts.Detach);
        _mount.Dispose();
        _sysroot.Root.RemoveTree(Folder);
    }

    private static string? FindImage(Sysroot sysroot, Checksum commit) => sysroot.Deployments
        .Where(deployment => deployment.Commit == commit)
        .Select(deployment => System.IO.Path.Combine(sysroot.Path, deployment.Path, Sysroot.ComposefsImageName))
        .FirstOrDefault(File.Exists);

    private static string WriteImage(DirectoryHandle folder, string path, UnnamedImage image)
    {
        image.LinkAs(folder, "base.cfs");
        return $"{path}/base.cfs";
    }
}
