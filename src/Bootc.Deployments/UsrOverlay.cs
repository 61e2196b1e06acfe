// A /usr that can be changed until the next boot.
using Bootc.Linux;
using Microsoft.Win32.SafeHandles;

namespace Bootc.Deployments;

/// <summary>An overlay on the running deployment's <c>/usr</c>: what is changed there is gone with the next boot.</summary>
public static class UsrOverlay
{
    private const string Usr = "/usr";
    private const string UpperParent = "/var/tmp";

    /// <summary>Puts the overlay there.</summary>
    /// <param name="sysroot">The running host's sysroot.</param>
    /// <param name="readOnly">Whether it can be changed only by who remounts it in a mount namespace of their own.</param>
    /// <exception cref="DeploymentException">The sysroot is not running, or has an overlay already.</exception>
    public static void Mount(Sysroot sysroot, bool readOnly)
    {
        string state = FindState(sysroot);
        if (FindPresent(state) is { } present)
        {
            throw new DeploymentException($"/usr has an overlay already ({present}); it is gone with the next boot");
        }

        MountOverlay(readOnly, static _ => { });
        WriteState(state, readOnly);
    }

    /// <summary>
    /// Changes <c>/usr</c> until the next boot, while others can only read it. Where it has no overlay yet, the change is made
    /// before the overlay is there, so that all of it is seen at once or nothing.
    /// </summary>
    /// <param name="sysroot">The running host's sysroot.</param>
    /// <param name="change">Makes the change in the directory that it is given.</param>
    /// <exception cref="DeploymentException">The sysroot is not running.</exception>
    public static void Change(Sysroot sysroot, Action<DirectoryHandle> change)
    {
        string state = FindState(sysroot);
        Mounts.RunOutsideProgramNamespace(() =>
        {
            if (FindPresent(state) is not null)
            {
                using SafeFileHandle mount = Mounts.CloneWritable(Usr);
                using DirectoryHandle usr = DirectoryHandle.OpenMount(mount, Usr);
                change(usr);
                return;
            }

            MountOverlay(readOnly: true, change);
            WriteState(state, readOnly: true);
        });
    }

    private static string FindState(Sysroot sysroot)
    {
        Deployment booted = sysroot.Booted ?? throw new DeploymentException($"an overlay on /usr is for the running host, and {sysroot.Path} is not what it runs");
        return $"/run/ostree/deployment-state/{booted.DirectoryName}";
    }

    private static string? FindPresent(string state) =>
        Directory.Exists(state) ? Path.GetFileName(Directory.EnumerateFiles(state, "unlocked-*").FirstOrDefault()) : null;

    // By this libostree's status knows of it too.
    private static void WriteState(string state, bool readOnly)
    {
        Directory.CreateDirectory(state);
        File.WriteAllBytes($"{state}/{(readOnly ? "unlocked-transient" : "unlocked-development")}", []);
    }

    private static void MountOverlay(bool readOnly, Action<DirectoryHandle> change)
    {
        using DirectoryHandle parent = DirectoryHandle.Open(UpperParent);
        string name = $"bootc-usr-overlay.{Path.GetRandomFileName()}";
        using DirectoryHandle folder = parent.EnsureDirectory(name, 0x1C0);
        try
        {
            using DirectoryHandle usr = DirectoryHandle.Open(Usr);
            FileStatus status = usr.GetStatus();
            using (DirectoryHandle upper = folder.EnsureDirectory("upper", 0x1C0))
            {
                upper.Handle.SetOwner(status.Uid, status.Gid, upper.DisplayPath);
                upper.Handle.SetMode(status.Permissions, upper.DisplayPath);
            }

            folder.EnsureDirectory("work", 0x1C0).Dispose();
            using FileSystemContext overlay = FileSystemContext.OpenOverlay(Usr, $"{UpperParent}/{name}/upper", $"{UpperParent}/{name}/work");
            using SafeFileHandle mount = overlay.CreateMount(Usr, readOnly: false);
            using (DirectoryHandle root = DirectoryHandle.OpenMount(mount, Usr))
            {
                change(root);
            }

            if (readOnly)
            {
                Mounts.SetReadOnly(mount);
            }

            Mounts.Attach(mount, Usr);
        }
        catch
        {
            parent.RemoveTree(name);
            throw;
        }
    }
}
