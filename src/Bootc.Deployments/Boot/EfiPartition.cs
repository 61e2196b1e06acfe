// The EFI system partition, where firmware and boot loaders look: FAT, without links, owners or modes.
using Bootc.Linux;
using Microsoft.Win32.SafeHandles;

namespace Bootc.Deployments.Boot;

/// <summary>The EFI system partition of a host, held by a mount that nobody else sees and that is gone when this is disposed.</summary>
/// <param name="directory">Its root.</param>
/// <param name="isOwned">Whether to close the directory at the end.</param>
internal sealed class EfiPartition(DirectoryHandle directory, bool isOwned = true) : IDisposable
{
    private const string DevicesByUuid = "/dev/disk/by-uuid";

    /// <summary>Its root.</summary>
    public DirectoryHandle Directory { get; } = directory;

    /// <summary>Opens the partition by its file system's volume ID.</summary>
    /// <returns><see langword="null"/> when no disk here has it.</returns>
    /// <exception cref="LinuxException">It cannot be mounted.</exception>
    public static EfiPartition? TryOpen(string volumeId)
    {
        string link = Path.Combine(DevicesByUuid, volumeId);
        if (!File.Exists(link))
        {
            return null;
        }

        string device = File.ResolveLinkTarget(link, returnFinalTarget: true)?.FullName ?? link;
        using SafeFileHandle mount = FileSystemContext.MountDevice("vfat", device, ("umask", "0077"));
        return new EfiPartition(DirectoryHandle.OpenMount(mount, $"the EFI system partition {device}"));
    }

    /// <summary>Replaces or creates a file. On disk after the next sync; the change of name is one write of a directory's sector.</summary>
    public void Replace(string name, ReadOnlySpan<byte> content)
    {
        using SafeFileHandle file = CreateBeside(name, out string temporary);
        file.WriteFully(content, temporary);
        file.Sync(temporary);
        Directory.Rename(temporary, Directory, name);
    }

    /// <summary>Copies a file, which has its name only when it is whole and on disk.</summary>
    public void Copy(SafeFileHandle source, string name)
    {
        using SafeFileHandle file = CreateBeside(name, out string temporary);
        file.CopyFrom(source, source.GetStatus(name).Size, name);
        file.Sync(temporary);
        Directory.Rename(temporary, Directory, name);
    }

    public void Dispose()
    {
        if (isOwned)
        {
            Directory.Dispose();
        }
    }

    // What a run that was killed left under this name is overwritten.
    private SafeFileHandle CreateBeside(string name, out string temporary)
    {
        if (Path.GetDirectoryName(name) is { Length: > 0 } parent)
        {
            Directory.EnsureDirectory(parent).Dispose();
        }

        temporary = name + ".new";
        return Directory.CreateFile(temporary, 0x180, exclusive: false);
    }
}
