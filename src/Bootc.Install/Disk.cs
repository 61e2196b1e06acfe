// The disk, or the file in place of one, that an installation writes to.
using System.Text;
using Bootc.Linux;
using Microsoft.Win32.SafeHandles;

namespace Bootc.Install;

/// <summary>A block device or a regular file that holds a disk image. Its partitions are reached by offset, so that nothing depends on the kernel's looking for them.</summary>
internal sealed class Disk : IDisposable
{
    private const int FileSectorSize = 512;
    private readonly bool _isFile;

    private Disk(string path, SafeFileHandle handle, bool isFile)
    {
        Path = path;
        Handle = handle;
        _isFile = isFile;
        Size = isFile ? RandomAccess.GetLength(handle) : BlockDevice.GetSize(handle, path);
        SectorSize = isFile ? FileSectorSize : BlockDevice.GetSectorSize(handle, path);
    }

    /// <summary>Its path.</summary>
    public string Path { get; }

    /// <summary>It, open for reading and writing.</summary>
    public SafeFileHandle Handle { get; }

    /// <summary>Its size in bytes.</summary>
    public long Size { get; }

    /// <summary>The size of its sectors in bytes.</summary>
    public int SectorSize { get; }

    /// <summary>Opens a disk that nobody uses.</summary>
    /// <exception cref="InstallException">It is no disk, or in use.</exception>
    public static Disk Open(string path)
    {
        FileKind kind = FindKind(path);
        if (kind is not (FileKind.BlockDevice or FileKind.Regular))
        {
            throw new InstallException($"{path} is neither a block device nor a file");
        }

        bool isFile = kind == FileKind.Regular;
        if (isFile ? FindLoopDevice(path) is not null : BlockDevice.IsInUse(path))
        {
            throw new InstallException($"{path} is in use: {(isFile ? $"{FindLoopDevice(path)} has it" : "it or one of its partitions is mounted, or held by another device")}");
        }

        SafeFileHandle handle = OpenForWriting(path);
        if (!isFile && BlockDevice.IsReadOnly(handle, path))
        {
            handle.Dispose();
            throw new InstallException($"{path} cannot be written to: the device is read-only");
        }

        return new Disk(path, handle, isFile);
    }

    /// <summary>What is known to be on the disk, by its types: what would be lost.</summary>
    public IReadOnlyList<string> FindContent() =>
        [.. Encoding.UTF8.GetString(Tool.Run("wipefs", ["--noheadings", "--output", "TYPE", Path])).Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Distinct()];

    /// <summary>Writes a partition table; what was on the disk is lost.</summary>
    public void WritePartitionTable(DiskLayout layout) =>
        Tool.Run("sfdisk", ["--quiet", "--wipe", "always", "--wipe-partitions", "always", "--no-reread", "--no-tell-kernel", Path], layout.ToScript(SectorSize));

    /// <summary>Takes the partition table away again, so that nothing half-made is taken for a system, and the disk counts as empty.</summary>
    public void TryErase()
    {
        try
        {
            Tool.Run("wipefs", ["--all", "--force", "--quiet", Path]);
        }
        catch (InstallException)
        {
            // What made the installation fail is what counts.
        }
    }

    /// <summary>A partition as a block device.</summary>
    public LoopDevice OpenPartition(Partition partition) => LoopDevice.Attach(Handle, partition.Start, partition.Size, readOnly: false, SectorSize);

    /// <summary>Puts all on disk and shows the kernel the new partitions.</summary>
    public void Finish()
    {
        Handle.Sync(Path);
        if (!_isFile)
        {
            BlockDevice.TryRereadPartitions(Handle);
        }
    }

    public void Dispose() => Handle.Dispose();

    private static SafeFileHandle OpenForWriting(string path)
    {
        try
        {
            return File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InstallException($"{path} cannot be written to: {e.Message}", e);
        }
    }

    private static FileKind FindKind(string path)
    {
        if (path.Length == 0)
        {
            throw new InstallException("the name of the disk is empty");
        }

        try
        {
            string target = System.IO.Path.GetFullPath(File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path);
            using DirectoryHandle folder = DirectoryHandle.Open(System.IO.Path.GetDirectoryName(target) ?? "/");
            return folder.GetStatus(System.IO.Path.GetFileName(target)).Kind;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException or LinuxException { Error: Errno.ENOENT or Errno.ENOTDIR })
        {
            throw new InstallException($"there is no {path}; for a disk image, make a file of the size that the disk shall have: truncate -s 10G {path}");
        }
    }

    private static string? FindLoopDevice(string path)
    {
        string full = System.IO.Path.GetFullPath(path);
        foreach (string device in Directory.EnumerateDirectories("/sys/block", "loop*"))
        {
            string backing = System.IO.Path.Combine(device, "loop/backing_file");
            if (File.Exists(backing) && File.ReadAllText(backing).TrimEnd('\n') == full)
            {
                return $"/dev/{System.IO.Path.GetFileName(device)}";
            }
        }

        return null;
    }
}
