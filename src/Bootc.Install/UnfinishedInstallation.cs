// An installation to a mounted root that was broken off: the next one begins anew, and nobody takes it for a system.
using Bootc.Linux;

namespace Bootc.Install;

/// <summary>A mark in <c>ostree</c>, from before anything is written there until all is.</summary>
internal static class UnfinishedInstallation
{
    private const string Folder = "ostree";
    private const string Name = "ostree/.bootc-installing";

    /// <summary>Whether what is in <c>ostree</c> of a root is of an installation that did not come to its end.</summary>
    public static bool IsIn(DirectoryHandle root) => root.Exists(Name);

    /// <summary>Marks a root to which nothing was deployed yet.</summary>
    public static void Mark(DirectoryHandle root)
    {
        root.EnsureDirectory(Folder).Dispose();
        root.WriteAllBytesAtomically(Name, [], sync: true);
    }

    /// <summary>Takes the mark away, once all is on disk.</summary>
    public static void Unmark(DirectoryHandle root)
    {
        root.SyncFilesystem();
        root.RemoveFile(Name);
    }

    /// <summary>Removes what is there of it.</summary>
    public static void Remove(DirectoryHandle root)
    {
        // The mark goes last: who is killed meanwhile finds it again.
        using (DirectoryHandle folder = root.OpenDirectory(Folder))
        {
            foreach (DirectoryEntry entry in folder.List().Where(entry => entry.Name != System.IO.Path.GetFileName(Name)))
            {
                folder.RemoveTree(entry.Name);
            }
        }

        root.RemoveTree(Folder);
    }
}
