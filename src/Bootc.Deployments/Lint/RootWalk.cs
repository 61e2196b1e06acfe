// Walks a tree without leaving its mount.
using Bootc.Linux;

namespace Bootc.Deployments.Lint;

/// <summary>What lies in a directory and below it, on the same mount: what is mounted there is no part of the image.</summary>
internal static class RootWalk
{
    /// <summary>A name on the way.</summary>
    /// <param name="Directory">The directory that it is in, open as long as the walk stands there.</param>
    /// <param name="Name">The name.</param>
    /// <param name="Path">The path from the root, with a slash before.</param>
    /// <param name="Kind">The kind of file.</param>
    public readonly record struct Step(DirectoryHandle Directory, string Name, string Path, FileKind Kind);

    /// <summary>Walks in the order of names, a directory before what it has.</summary>
    /// <param name="directory">Where to start.</param>
    /// <param name="path">Its path from the root, with a slash before and none after; empty for the root.</param>
    public static IEnumerable<Step> Walk(DirectoryHandle directory, string path)
    {
        FileStatus status = directory.GetStatus();
        foreach (DirectoryEntry entry in directory.List().OrderBy(entry => entry.Name, StringComparer.Ordinal))
        {
            string child = $"{path}/{entry.Name}";
            yield return new Step(directory, entry.Name, child, entry.Kind);
            if (entry.Kind == FileKind.Directory && !IsMountPoint(directory, entry.Name, status))
            {
                using DirectoryHandle below = directory.OpenDirectory(entry.Name);
                foreach (Step step in Walk(below, child))
                {
                    yield return step;
                }
            }
        }
    }

    /// <summary>Whether something is mounted at a name in a directory.</summary>
    public static bool IsMountPoint(DirectoryHandle directory, string name) => IsMountPoint(directory, name, directory.GetStatus());

    private static bool IsMountPoint(DirectoryHandle directory, string name, FileStatus parent)
    {
        FileStatus status = directory.GetStatus(name);
        return status.MountId != parent.MountId || status.Device != parent.Device;
    }
}
