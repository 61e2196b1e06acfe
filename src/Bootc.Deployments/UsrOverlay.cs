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
        Deployment booted = sysroot.Booted ?? throw new DeploymentException($"an overlay on /usr is for the running host, and {sysroot.Path} is not what it runs");
        string state = $"/run/ostree/deployment-state/{booted.DirectoryName}";
        if (Directory.Exists(state) && Directory.EnumerateFiles(state, "unlocked-*").FirstOrDefault() is { } present)
        {
            throw new DeploymentException($"/usr has an overlay already ({Path.GetFileName(present)}); it is gone with the next boot");
        }

        MountOverlay(readOnly);

        // By this libostree's status knows of it too.
        Directory.CreateDirectory(state);
        File.WriteAllBytes($"{state}/{(readOnly ? "unlocked-transient" : "unlocked-development")}", []);
    }

    private static void MountOverlay(bool readOnly)
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
            if (readOnly)
            {
                overlay.SetFlag("ro");
            }

            using SafeFileHandle mount = overlay.CreateMount(Usr, readOnly);
            Mounts.Attach(mount, Usr);
        }
        catch
        {
            parent.RemoveTree(name);
            throw;
        }
    }
}
