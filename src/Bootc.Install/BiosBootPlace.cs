// Where BIOS machines find the boot loader on a disk.
using System.Globalization;
using System.Text.Json;
using Bootc.Linux;
using Microsoft.Win32.SafeHandles;

namespace Bootc.Install;

/// <summary>A BIOS boot partition of a disk with a GUID partition table, and the disk itself, of which the first sector is written as well.</summary>
/// <param name="Disk">The disk, open for reading and writing.</param>
/// <param name="DiskPath">Its path.</param>
/// <param name="Start">Where the partition begins, in bytes.</param>
/// <param name="Size">How many bytes it has.</param>
internal sealed record BiosBootPlace(SafeFileHandle Disk, string DiskPath, long Start, long Size) : IDisposable
{
    private const string ClassFolder = "/sys/class/block";

    /// <summary>Finds the place on the disk that a file system is on.</summary>
    /// <param name="source">The device of the file system.</param>
    /// <returns><see langword="null"/> where that is no partition of a disk with a BIOS boot partition.</returns>
    /// <exception cref="InstallException">The disk's partitions cannot be read.</exception>
    public static BiosBootPlace? TryFind(string source)
    {
        if (FindDisk(source) is not { } disk || Tool.Find("sfdisk") is null)
        {
            return null;
        }

        PartitionTable? table = JsonSerializer.Deserialize(Tool.Run("sfdisk", ["--json", disk]), InstallJson.Default.PartitionTableDocument)?.Table;
        if (table?.Label != "gpt" || table.Partitions?.FirstOrDefault(partition => Guid.TryParse(partition.Type, out Guid type) && type == DiskLayout.BiosBootType) is not { } found)
        {
            return null;
        }

        SafeFileHandle handle = File.OpenHandle(disk, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        return new BiosBootPlace(handle, disk, found.Start * table.SectorSize, found.Size * table.SectorSize);
    }

    /// <inheritdoc/>
    public void Dispose() => Disk.Dispose();

    // A partition's folder in sysfs is in that of its disk.
    private static string? FindDisk(string source)
    {
        string device = File.Exists(source) && File.ResolveLinkTarget(source, returnFinalTarget: true)?.FullName is { } target ? target : source;
        string name = Path.GetFileName(device);
        string folder = Path.Combine(ClassFolder, name);
        if (!File.Exists(Path.Combine(folder, "partition")) || Directory.ResolveLinkTarget(folder, returnFinalTarget: true) is not { } real)
        {
            return null;
        }

        string disk = $"/dev/{Path.GetFileName(Path.GetDirectoryName(real.FullName))}";
        return File.Exists(disk) ? disk : null;
    }
}
