// What programs changed, made into objects: only the overlay's upper layer is walked, so that the cost is that of the change.
using Bootc.Linux;
using Bootc.Ostree;
using Bootc.Ostree.Objects;

namespace Bootc.Layering;

/// <summary>
/// Applies an upper layer to a tree. Names come from the layer, content and metadata from the merged root: the layer may hold
/// a file's metadata alone, and a directory that was renamed has only a pointer to where its content is.
/// </summary>
internal sealed class UpperLayer(RepositoryTransaction transaction, Func<string, bool> isExcluded)
{
    private const string OpaqueAttribute = "trusted.overlay.opaque";
    private const string RedirectAttribute = "trusted.overlay.redirect";

    // Given to files by the kernel or its policy, not by packages.
    private static readonly string[] LocalAttributes = ["security.selinux", "security.ima", "security.evm"];

    /// <summary>What is known of the files that were written.</summary>
    public Dictionary<Checksum, FileFacts> Facts { get; } = [];

    /// <summary>Applies a directory.</summary>
    /// <param name="upper">The directory in the upper layer.</param>
    /// <param name="merged">The same in the merged root.</param>
    /// <param name="tree">The same in the tree, as the layer below has it.</param>
    /// <param name="path">Its path, empty for the root.</param>
    public void Apply(DirectoryHandle upper, DirectoryHandle merged, MutableTree tree, string path = "")
    {
        foreach (DirectoryEntry entry in upper.List())
        {
            string child = path.Length == 0 ? entry.Name : $"{path}/{entry.Name}";
            if (isExcluded(child))
            {
                continue;
            }

            switch (entry.Kind)
            {
                case FileKind.CharacterDevice when upper.GetStatus(entry.Name) is { DeviceMajor: 0, DeviceMinor: 0 }:
                    tree.Remove(entry.Name);
                    break;
                case FileKind.Directory:
                    ApplyDirectory(upper, merged, tree, entry.Name, child);
                    break;
                default:
                    WriteFile(merged, entry.Name, entry.Kind, tree, child);
                    break;
            }
        }
    }

    private void ApplyDirectory(DirectoryHandle upper, DirectoryHandle merged, MutableTree tree, string name, string path)
    {
        using DirectoryHandle upperChild = upper.OpenDirectory(name);
        using DirectoryHandle mergedChild = merged.OpenDirectory(name);
        bool isWhole = upperChild.Handle.TryGetExtendedAttribute(OpaqueAttribute) is not null || upperChild.Handle.TryGetExtendedAttribute(RedirectAttribute) is not null;
        if (isWhole)
        {
            WriteDirectory(mergedChild, tree, name, path);
            return;
        }

        MutableTree child = tree.EnsureDirectory(name);
        child.Meta = WriteMeta(mergedChild);
        Apply(upperChild, mergedChild, child, path);
    }

    // A directory that is not what lies below under its name.
    private void WriteDirectory(DirectoryHandle directory, MutableTree parent, string name, string path)
    {
        var tree = new MutableTree { Meta = WriteMeta(directory) };
        parent.ReplaceDirectory(name, tree);
        foreach (DirectoryEntry entry in directory.List())
        {
            string child = $"{path}/{entry.Name}";
            if (isExcluded(child))
            {
                continue;
            }

            if (entry.Kind == FileKind.Directory)
            {
                using DirectoryHandle below = directory.OpenDirectory(entry.Name);
                WriteDirectory(below, tree, entry.Name, child);
            }
            else
            {
                WriteFile(directory, entry.Name, entry.Kind, tree, child);
            }
        }
    }

    private void WriteFile(DirectoryHandle directory, string name, FileKind kind, MutableTree tree, string path)
    {
        FileStatus status = directory.GetStatus(name);
        ExtendedAttributeList attributes = Keep(directory.GetExtendedAttributes(name));
        switch (kind)
        {
            case FileKind.Regular:
                var header = FileHeader.ForFile(status.Uid, status.Gid, status.Permissions, attributes);
                using (var content = new FileStream(directory.OpenFile(name), FileAccess.Read, bufferSize: 0))
                {
                    Add(tree, name, transaction.WriteFile(header, status.Size, content), header, status.Size);
                }

                break;
            case FileKind.SymbolicLink:
                var link = FileHeader.ForSymbolicLink(status.Uid, status.Gid, directory.ReadSymbolicLink(name), attributes);
                Add(tree, name, transaction.WriteSymbolicLink(link), link, 0);
                break;
            default:
                throw new LayeringException($"a package makes /{path}, which is neither file, directory nor symbolic link: a commit cannot hold it");
        }
    }

    private void Add(MutableTree tree, string name, FileObjectResult written, FileHeader header, long size)
    {
        tree.ReplaceFile(name, written.Checksum);
        if (written.Verity is { } || size == 0)
        {
            Facts[written.Checksum] = new FileFacts(header, size, size == 0 ? null : written.Verity);
        }
    }

    private Checksum WriteMeta(DirectoryHandle directory)
    {
        FileStatus status = directory.GetStatus();
        return transaction.WriteDirMeta(DirMeta.ForDirectory(status.Uid, status.Gid, status.Permissions, Keep(directory.Handle.GetExtendedAttributes(directory.DisplayPath))));
    }

    private static ExtendedAttributeList Keep(IReadOnlyList<ExtendedAttribute> attributes) => attributes.Count == 0
        ? ExtendedAttributeList.Empty
        : ExtendedAttributeList.Create(attributes.Where(attribute => !LocalAttributes.Contains(attribute.Name) && !attribute.Name.StartsWith("trusted.overlay.", StringComparison.Ordinal)));
}
