// The three-way merge of /etc: what was changed on the host since its defaults were made is carried to the new defaults.
using System.Buffers;
using Bootc.Linux;
using Microsoft.Win32.SafeHandles;

namespace Bootc.Deployments.Etc;

/// <summary>
/// Compares a deployment's <c>/usr/etc</c> with its <c>/etc</c> and applies the difference to a new deployment's <c>/etc</c>:
/// files that were changed or added are copied, those removed are removed. Extended attributes do not count as changes, but
/// are copied (libostree's merge_configuration_from).
/// </summary>
public static class EtcMerge
{
    private const int CompareSize = 32 * 1024;

    /// <summary>Merges the <c>/etc</c> of one deployment into that of another.</summary>
    /// <exception cref="DeploymentException">A changed file has become a directory in the new defaults.</exception>
    public static void Run(DirectoryHandle from, DirectoryHandle to)
    {
        if (from.TryGetStatus("usr/etc") is not { Kind: FileKind.Directory }
            || from.TryGetStatus("etc") is not { Kind: FileKind.Directory }
            || to.TryGetStatus("etc") is not { Kind: FileKind.Directory })
        {
            return;
        }

        using DirectoryHandle defaults = from.OpenDirectory("usr/etc");
        using DirectoryHandle changed = from.OpenDirectory("etc");
        using DirectoryHandle target = to.OpenDirectory("etc");
        MergeDirectory(defaults, changed, target, "etc");
    }

    private static void MergeDirectory(DirectoryHandle defaults, DirectoryHandle changed, DirectoryHandle target, string path)
    {
        Dictionary<string, FileKind> before = defaults.List().ToDictionary(entry => entry.Name, entry => entry.Kind);
        Dictionary<string, FileKind> now = changed.List().ToDictionary(entry => entry.Name, entry => entry.Kind);
        foreach (string removed in before.Keys.Where(name => !now.ContainsKey(name)))
        {
            target.RemoveTree(removed);
        }

        foreach ((string name, FileKind kind) in now)
        {
            string shown = $"{path}/{name}";
            bool wasDirectory = before.TryGetValue(name, out FileKind old) && old == FileKind.Directory;
            if (kind == FileKind.Directory && wasDirectory)
            {
                MergeSubdirectory(defaults, changed, target, name, shown);
            }
            else if (!before.ContainsKey(name) || !AreEqual(defaults, changed, name, old, kind))
            {
                Put(changed, target, name, kind, shown);
            }
        }
    }

    private static void MergeSubdirectory(DirectoryHandle defaults, DirectoryHandle changed, DirectoryHandle target, string name, string path)
    {
        using DirectoryHandle subDefaults = defaults.OpenDirectory(name);
        using DirectoryHandle subChanged = changed.OpenDirectory(name);
        FileStatus before = subDefaults.GetStatus();
        FileStatus now = subChanged.GetStatus();
        bool metadataChanged = (before.Mode, before.Uid, before.Gid) != (now.Mode, now.Uid, now.Gid);
        if (target.TryGetStatus(name) is not { Kind: FileKind.Directory })
        {
            // The new defaults have no such directory: it is made only for what was changed in it.
            if (!metadataChanged && !HasChanges(subDefaults, subChanged))
            {
                return;
            }

            target.RemoveTree(name);
            MakeDirectory(subChanged, target, name);
        }

        using DirectoryHandle subTarget = target.OpenDirectory(name);
        if (metadataChanged)
        {
            subTarget.Handle.SetOwner(now.Uid, now.Gid, path);
            subTarget.Handle.SetMode(now.Mode, path);
        }

        MergeDirectory(subDefaults, subChanged, subTarget, path);
    }

    private static bool HasChanges(DirectoryHandle defaults, DirectoryHandle changed)
    {
        Dictionary<string, FileKind> before = defaults.List().ToDictionary(entry => entry.Name, entry => entry.Kind);
        foreach (DirectoryEntry entry in changed.List())
        {
            if (!before.TryGetValue(entry.Name, out FileKind old) || !AreEqual(defaults, changed, entry.Name, old, entry.Kind))
            {
                return true;
            }

            if (entry.Kind == FileKind.Directory)
            {
                using DirectoryHandle subDefaults = defaults.OpenDirectory(entry.Name);
                using DirectoryHandle subChanged = changed.OpenDirectory(entry.Name);
                if (HasChanges(subDefaults, subChanged))
                {
                    return true;
                }
            }
        }

        return false;
    }

    /// <summary>Whether two names of one kind are the same but for extended attributes and times; of directories, what is in them does not count.</summary>
    internal static bool AreEqual(DirectoryHandle a, DirectoryHandle b, string name, FileKind kindA, FileKind kindB)
    {
        if (kindA != kindB)
        {
            return false;
        }

        FileStatus before = a.GetStatus(name);
        FileStatus now = b.GetStatus(name);
        if ((before.Mode, before.Uid, before.Gid) != (now.Mode, now.Uid, now.Gid))
        {
            return false;
        }

        return kindA switch
        {
            FileKind.Directory => true,
            FileKind.SymbolicLink => a.ReadSymbolicLink(name) == b.ReadSymbolicLink(name),
            FileKind.Regular => before.Size == now.Size && HaveEqualContent(a, b, name),
            _ => (before.DeviceMajor, before.DeviceMinor) == (now.DeviceMajor, now.DeviceMinor),
        };
    }

    private static bool HaveEqualContent(DirectoryHandle a, DirectoryHandle b, string name)
    {
        using SafeFileHandle first = a.OpenFile(name);
        using SafeFileHandle second = b.OpenFile(name);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(2 * CompareSize);
        try
        {
            Span<byte> left = buffer.AsSpan(0, CompareSize);
            Span<byte> right = buffer.AsSpan(CompareSize, CompareSize);
            while (true)
            {
                int count = first.ReadFully(left, name);
                if (count != second.ReadFully(right, name) || !left[..count].SequenceEqual(right[..count]))
                {
                    return false;
                }

                if (count < CompareSize)
                {
                    return true;
                }
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static void Put(DirectoryHandle source, DirectoryHandle target, string name, FileKind kind, string path)
    {
        if (target.TryGetStatus(name) is { } existing)
        {
            if (existing.Kind == FileKind.Directory && kind != FileKind.Directory)
            {
                throw new DeploymentException($"/{path} was changed on this host and is a directory in the new image; the two cannot be merged, move one of them away");
            }

            if (existing.Kind != FileKind.Directory)
            {
                target.RemoveFile(name);
            }
        }

        switch (kind)
        {
            case FileKind.Directory:
                PutDirectory(source, target, name, path);
                break;
            case FileKind.SymbolicLink:
                FileStatus link = source.GetStatus(name);
                target.CreateSymbolicLink(source.ReadSymbolicLink(name), name);
                target.SetOwner(name, link.Uid, link.Gid);
                CopyAttributes(source, target, name);
                break;
            case FileKind.Regular:
                PutFile(source, target, name);
                break;
            case FileKind.Fifo:
                target.CreateFifo(name, source.GetStatus(name).Permissions);
                break;
            default:
                break; // sockets and device nodes belong to running programs
        }
    }

    private static void PutDirectory(DirectoryHandle source, DirectoryHandle target, string name, string path)
    {
        using DirectoryHandle from = source.OpenDirectory(name);
        if (!target.Exists(name))
        {
            MakeDirectory(from, target, name);
        }

        using DirectoryHandle to = target.OpenDirectory(name);
        foreach (DirectoryEntry entry in from.List())
        {
            Put(from, to, entry.Name, entry.Kind, $"{path}/{entry.Name}");
        }
    }

    private static void MakeDirectory(DirectoryHandle source, DirectoryHandle target, string name)
    {
        FileStatus status = source.GetStatus();
        target.CreateDirectory(name, 0x1C0);
        using DirectoryHandle made = target.OpenDirectory(name);
        foreach (ExtendedAttribute attribute in source.Handle.GetExtendedAttributes())
        {
            made.Handle.SetExtendedAttribute(attribute.Name, attribute.Value, made.DisplayPath);
        }

        made.Handle.SetOwner(status.Uid, status.Gid, made.DisplayPath);
        made.Handle.SetMode(status.Mode, made.DisplayPath);
    }

    private static void PutFile(DirectoryHandle source, DirectoryHandle target, string name)
    {
        using SafeFileHandle from = source.OpenFile(name);
        using SafeFileHandle to = target.CreateTemporaryFile();
        FileStatus status = from.GetStatus(name);
        if (status.Size > 0 && !to.TryClone(from, name))
        {
            to.CopyFrom(from, status.Size, name);
        }

        to.SetOwner(status.Uid, status.Gid, name);
        to.SetMode(status.Mode, name);
        foreach (ExtendedAttribute attribute in from.GetExtendedAttributes(name))
        {
            to.SetExtendedAttribute(attribute.Name, attribute.Value, name);
        }

        to.SetModifiedTime(status.ModifiedSeconds, status.ModifiedNanoseconds, name);
        target.LinkTemporaryFile(to, name);
    }

    private static void CopyAttributes(DirectoryHandle source, DirectoryHandle target, string name)
    {
        foreach (ExtendedAttribute attribute in source.GetExtendedAttributes(name))
        {
            target.SetExtendedAttribute(name, attribute.Name, attribute.Value);
        }
    }
}
