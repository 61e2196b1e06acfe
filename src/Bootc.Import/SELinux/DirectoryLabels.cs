// Labels of what lies on a disk and belongs to no commit.
using Bootc.Linux;
using Bootc.Ostree;
using Bootc.Ostree.Objects;
using Bootc.Ostree.SELinux;

namespace Bootc.Import.SELinux;

/// <summary>Gives files and directories on a disk the labels that the policy of an image has for them.</summary>
public sealed class DirectoryLabels
{
    private readonly FileContexts _contexts;

    private DirectoryLabels(FileContexts contexts) => _contexts = contexts;

    /// <summary>Reads the policy of a commit; <see langword="null"/> where it has none that can be read, or SELinux is disabled in it.</summary>
    public static DirectoryLabels? TryLoad(Repository repository, Checksum commit) =>
        SELinuxPolicy.TryLoad(repository, commit) is { } contexts ? new DirectoryLabels(contexts) : null;

    /// <summary>Gives one file or directory a label, whatever it had.</summary>
    /// <param name="parent">The directory that it is in.</param>
    /// <param name="name">Its name there.</param>
    /// <param name="path">The absolute path by which the policy knows it.</param>
    /// <exception cref="LinuxException">The file system has no labels, or the kernel does not take it.</exception>
    /// <exception cref="OstreeException">A pattern of the policy cannot be matched.</exception>
    public void Set(DirectoryHandle parent, string name, string path)
    {
        if (_contexts.FindLabel(path, parent.GetStatus(name).Mode) is { } label)
        {
            parent.SetExtendedAttribute(name, FileLabels.Attribute, label);
        }
    }

    /// <summary>
    /// Labels what has no label: a file, or a directory with all below it on the same mount. Files with several names are left
    /// as they are, and so is what the caller leaves out: the label is part of an object in a repository.
    /// </summary>
    /// <param name="parent">The directory that it is in.</param>
    /// <param name="name">Its name there.</param>
    /// <param name="path">The absolute path by which the policy knows it.</param>
    /// <param name="isLeftOut">Whether a path, and what is below it, is left as it is.</param>
    /// <exception cref="LinuxException">The kernel does not take a label.</exception>
    /// <exception cref="OstreeException">A pattern of the policy cannot be matched.</exception>
    public void Complete(DirectoryHandle parent, string name, string path, Func<string, bool>? isLeftOut = null) =>
        Complete(parent, name, path, parent.GetStatus(name), isLeftOut);

    private void Complete(DirectoryHandle parent, string name, string path, FileStatus status, Func<string, bool>? isLeftOut)
    {
        bool isDirectory = status.Kind == FileKind.Directory;
        if ((!isDirectory && status.LinkCount > 1) || isLeftOut?.Invoke(path) == true)
        {
            return;
        }

        if (parent.TryGetExtendedAttribute(name, FileLabels.Attribute) is null)
        {
            Set(parent, name, path);
        }

        if (!isDirectory)
        {
            return;
        }

        using DirectoryHandle directory = parent.OpenDirectory(name);
        foreach (DirectoryEntry entry in directory.List())
        {
            FileStatus child = directory.GetStatus(entry.Name);
            if (child.Device == status.Device && child.MountId == status.MountId)
            {
                Complete(directory, entry.Name, $"{path.TrimEnd('/')}/{entry.Name}", child, isLeftOut);
            }
        }
    }
}
