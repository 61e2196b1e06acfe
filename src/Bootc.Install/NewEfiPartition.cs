// The EFI system partition of a new disk: mounted where the kernel knows FAT, and filled by mtools where it does not.
using System.Globalization;
using System.Security.Cryptography;
using Bootc.Linux;
using Microsoft.Win32.SafeHandles;

namespace Bootc.Install;

/// <summary>A freshly made EFI system partition that is being filled.</summary>
internal sealed class NewEfiPartition : IDisposable
{
    private const string StagingName = ".bootc-esp";
    private const long Table = 1 << 20; // reserved sectors, and what directories take
    private const long TableShare = 256; // of the partition, for two file allocation tables
    private const long Cluster = 4096;
    private readonly LoopDevice _device;
    private readonly long _size;
    private readonly DirectoryHandle? _stagingParent;

    private NewEfiPartition(LoopDevice device, long size, string volumeId, DirectoryHandle directory, DirectoryHandle? stagingParent)
    {
        _device = device;
        _size = size;
        VolumeId = volumeId;
        Directory = directory;
        _stagingParent = stagingParent;
    }

    /// <summary>The file system's volume ID, <c>XXXX-XXXX</c>.</summary>
    public string VolumeId { get; }

    /// <summary>What is to be on it.</summary>
    public DirectoryHandle Directory { get; }

    /// <summary>Makes the file system.</summary>
    /// <param name="device">The partition.</param>
    /// <param name="size">Its size in bytes.</param>
    /// <param name="staging">Where files are kept until <see cref="Finish"/> when they cannot be written at once.</param>
    /// <exception cref="InstallException">It cannot be made.</exception>
    public static NewEfiPartition Make(LoopDevice device, long size, DirectoryHandle staging)
    {
        uint number = BitConverter.ToUInt32(RandomNumberGenerator.GetBytes(4));
        Tool.Run("mkfs.vfat", ["-F", "32", "-n", "EFI-SYSTEM", "-i", number.ToString("x8", CultureInfo.InvariantCulture), device.Path]);
        string volumeId = string.Create(CultureInfo.InvariantCulture, $"{number >> 16:X4}-{number & 0xFFFF:X4}");
        if (TryMount(device) is { } mounted)
        {
            return new NewEfiPartition(device, size, volumeId, mounted, null);
        }

        Tool.Require(("mcopy", "mtools"));
        return new NewEfiPartition(device, size, volumeId, staging.EnsureDirectory(StagingName, 0x1C0), staging);
    }

    /// <summary>Puts all that was written on the partition.</summary>
    /// <exception cref="InstallException">It has no room for that.</exception>
    public void Finish()
    {
        if (_stagingParent is null)
        {
            Directory.SyncFilesystem();
            return;
        }

        long needed = SizeOf(Directory);
        long room = _size - Table - _size / TableShare;
        if (needed > room)
        {
            throw new InstallException($"the EFI system partition has no room for what belongs on it: {DiskLayout.Megabytes(needed)} are needed, {DiskLayout.Megabytes(room)} are there");
        }

        string folder = $"/proc/{Environment.ProcessId}/fd/{Directory.Descriptor}";
        Tool.Run("mcopy", ["-i", _device.Path, "-s", "-Q", .. Directory.List().Select(entry => $"{folder}/{entry.Name}"), "::/"]);
    }

    public void Dispose()
    {
        Directory.Dispose();
        _stagingParent?.RemoveTree(StagingName);
    }

    private static long SizeOf(DirectoryHandle directory)
    {
        long size = Cluster;
        foreach (DirectoryEntry entry in directory.List())
        {
            if (entry.Kind != FileKind.Directory)
            {
                size += (directory.GetStatus(entry.Name).Size + Cluster - 1) / Cluster * Cluster;
                continue;
            }

            using DirectoryHandle child = directory.OpenDirectory(entry.Name);
            size += SizeOf(child);
        }

        return size;
    }

    private static DirectoryHandle? TryMount(LoopDevice device)
    {
        try
        {
            using SafeFileHandle mount = FileSystemContext.MountDevice("vfat", device.Path);
            return DirectoryHandle.OpenMount(mount, "the EFI system partition");
        }
        catch (LinuxException e) when (e.Error is Errno.ENODEV or Errno.EINVAL)
        {
            return null; // the kernel has no FAT, or not its character sets
        }
    }
}
