// install finalize: what is done last to the file systems of an installed root.
using Bootc.Deployments;
using Bootc.Linux;

namespace Bootc.Install;

/// <summary>Gives unused blocks back and empties journals, which boot loaders do not read.</summary>
public static class Finalization
{
    /// <summary>Checks that a root has a deployment, and finalizes its file system and that of /boot.</summary>
    /// <exception cref="InstallException">Nothing is deployed there.</exception>
    public static void Run(string path)
    {
        using Sysroot sysroot = Sysroot.Open(path);
        if (sysroot.Default is null)
        {
            throw new InstallException($"{path} has no deployment that could boot");
        }

        using DirectoryHandle? boot = sysroot.Root.TryOpenDirectory("boot");
        Run(sysroot.Root, boot);
    }

    internal static void Run(DirectoryHandle root, DirectoryHandle? boot)
    {
        foreach (DirectoryHandle directory in new[] { root, boot }.OfType<DirectoryHandle>())
        {
            BlockDevice.TryTrim(directory);
            if (!BlockDevice.TryFlushJournalWatched(directory)) // it may be the root of the system that runs
            {
                BlockDevice.TryFlushJournal(directory);
            }
        }
    }
}
