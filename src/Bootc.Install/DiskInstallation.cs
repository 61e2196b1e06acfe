// install to-disk: partitions, file systems, and all that goes on them.
using Bootc.Deployments;
using Bootc.Deployments.Boot;
using Bootc.Linux;
using Bootc.Oci;
using Microsoft.Win32.SafeHandles;

namespace Bootc.Install;

/// <summary>
/// Installs an image to a disk, or to a file that holds a disk's image. The new file systems are mounted where only this
/// program sees them: when it ends, however that is, no mount and no loop device stay behind.
/// </summary>
public sealed class DiskInstallation(InstallOptions options, IOperationProgress progress)
{
    private const long EfiSize = 512L << 20;
    private const long EfiSizeWithKernels = 1024L << 20;
    private const string BootType = "ext4";
    private const long RoomBesides = 256L << 20;
    private const int Unpacked = 3; // times the size of compressed layers, about

    /// <summary>The disk: a block device, or a file of the size that the disk shall have.</summary>
    public required string Device { get; init; }

    /// <summary>Whether what is on the disk may be overwritten.</summary>
    public bool Wipe { get; init; }

    /// <summary>The type of the root's file system; what the machine's own settings say, or ext4, unless one is given.</summary>
    public string? FileSystem { get; init; }

    /// <summary>The size of the root in bytes; all that is left unless one is given.</summary>
    public long? RootSize { get; init; }

    /// <summary>The size in bytes of a partition of its own for /boot, for roots that boot loaders cannot read; none unless one is given.</summary>
    public long? BootSize { get; init; }

    /// <summary>Runs the installation.</summary>
    /// <exception cref="InstallException">The disk cannot be used, or the image lacks something. What can be known before the image is fetched is checked before the disk is changed.</exception>
    /// <exception cref="OciException">The image cannot be had.</exception>
    public async Task RunAsync(CancellationToken cancellation)
    {
        InstallConfig config = InstallConfig.Load("/");
        string type = FileSystem ?? config.RootFileSystem ?? RootFileSystem.DefaultType;
        if (!RootFileSystem.Types.Contains(type))
        {
            throw new InstallException($"a root cannot be on {type}, only on {string.Join(", ", RootFileSystem.Types)}");
        }

        if (config.BlockSetups?.Contains(InstallConfig.DirectSetup) == false)
        {
            throw new InstallException($"the settings of this system want a root that is set up as {string.Join(" or ", config.BlockSetups)} (block), and only {InstallConfig.DirectSetup} is supported");
        }

        Tool.Require(("sfdisk", "fdisk or util-linux"), ("wipefs", "util-linux"), ("mkfs.vfat", "dosfstools"), RootFileSystem.ToolFor(type), RootFileSystem.ToolFor(BootSize is null ? type : BootType));
        using Disk disk = Disk.Open(Device);
        IReadOnlyList<string> content = disk.FindContent();
        if (!Wipe && content.Count > 0)
        {
            throw new InstallException($"{Device} is not empty: it has {string.Join(", ", content)}; --wipe overwrites all that is on it");
        }

        long size = await SourceCheck.RunAsync(options, cancellation).ConfigureAwait(false);
        DiskLayout layout = DiskLayout.Plan(disk.Size, options.BootLoader == BootLoaderKind.SystemdBoot ? EfiSizeWithKernels : EfiSize, BootSize, RootSize, (size * Unpacked) + RoomBesides);
        bool isTypeByDefault = FileSystem is null && config.RootFileSystem is null;
        using ImagePreview? preview = content.Count == 0
            ? null
            : await ImagePreview.RunAsync(options, new InstallPlace(type, isTypeByDefault, HasEfiPartition: true, layout.BiosBoot is not null), size, progress, cancellation).ConfigureAwait(false);
        progress.Step($"Partitioning {Device}");
        disk.WritePartitionTable(layout);
        try
        {
            var installation = new Installation(preview?.Options ?? options, progress) { WasLookedInto = preview is not null };
            string installed = await InstallAsync(installation, disk, layout, type, isTypeByDefault, cancellation).ConfigureAwait(false);
            disk.Finish();
            progress.Message(installed);
        }
        catch
        {
            disk.TryErase();
            throw;
        }
    }

    private async Task<string> InstallAsync(Installation installation, Disk disk, DiskLayout layout, string type, bool isTypeByDefault, CancellationToken cancellation)
    {
        progress.Step($"Making file systems: vfat, {(layout.Boot is null ? "" : $"{BootType}, ")}{type}");
        var uuid = Guid.NewGuid();
        using LoopDevice rootDevice = disk.OpenPartition(layout.Root);
        using LoopDevice efiDevice = disk.OpenPartition(layout.Efi);
        using LoopDevice? bootDevice = layout.Boot is null ? null : disk.OpenPartition(layout.Boot);
        var bootUuid = Guid.NewGuid();
        RootFileSystem.Make(type, rootDevice.Path, uuid, "root");
        if (bootDevice is not null)
        {
            RootFileSystem.Make(BootType, bootDevice.Path, bootUuid, "boot");
        }

        using DirectoryHandle root = Mount(rootDevice, type, bootDevice);
        using DirectoryHandle? boot = bootDevice is null ? null : root.OpenDirectory("boot");
        using NewEfiPartition efi = NewEfiPartition.Make(efiDevice, layout.Efi.Size, root);
        string installed = await installation.RunAsync(
            new InstallTarget
            {
                Root = root,
                RootUuid = uuid.ToString(),
                RootType = type,
                IsTypeByDefault = isTypeByDefault,
                BootUuid = boot is null ? null : bootUuid.ToString(),
                EfiPartition = efi.Directory,
                EfiVolumeId = efi.VolumeId,
                BiosBoot = layout.BiosBoot is { } bios ? new BiosBootPlace(disk.Handle, disk.Path, bios.Start, bios.Size) : null,
            },
            cancellation).ConfigureAwait(false);
        progress.Step("Putting all on disk");
        efi.Finish();
        foreach (DirectoryHandle directory in new[] { root, boot }.OfType<DirectoryHandle>())
        {
            BlockDevice.TryTrim(directory);
            directory.SyncFilesystem();
        }

        return installed;
    }

    private static DirectoryHandle Mount(LoopDevice device, string type, LoopDevice? bootDevice)
    {
        using SafeFileHandle mount = FileSystemContext.MountDevice(type, device.Path);
        const string description = "the new root";
        DirectoryHandle root = DirectoryHandle.OpenMount(mount, description);
        if (bootDevice is null)
        {
            return root;
        }

        using (root)
        {
            root.EnsureDirectory("boot").Dispose();
            using SafeFileHandle boot = FileSystemContext.MountDevice(BootType, bootDevice.Path);
            using SafeFileHandle joined = Mounts.Join(mount, "boot", boot);
            return DirectoryHandle.OpenMount(joined, description);
        }
    }
}
