// install to-filesystem and to-existing-root: file systems that somebody else made and mounted.
using System.Text;
using Bootc.Deployments;
using Bootc.Linux;
using Bootc.Oci;

namespace Bootc.Install;

/// <summary>Installs an image to a mounted root, with /boot and the EFI system partition mounted below it where they are partitions of their own.</summary>
public sealed class FilesystemInstallation(InstallOptions options, IOperationProgress progress)
{
    private static readonly string[] EfiMountPoints = ["boot/efi", "efi", "boot"];
    private static readonly string[] Harmless = ["lost+found", "boot", "efi"];

    /// <summary>The path at which the root is mounted.</summary>
    public required string Root { get; init; }

    /// <summary>What is done with what is there.</summary>
    public ExistingContent Existing { get; init; }

    /// <summary>Whether the root is that of the system that runs, whose kernel knows how to find it.</summary>
    public bool IsRunningRoot { get; init; }

    /// <summary>Whether the file systems are left as they are at the end, without being trimmed and flushed.</summary>
    public bool SkipFinalize { get; init; }

    /// <summary>Runs the installation.</summary>
    /// <exception cref="InstallException">The file systems cannot be used, or the image lacks something.</exception>
    /// <exception cref="OciException">The image cannot be had.</exception>
    public async Task RunAsync(CancellationToken cancellation)
    {
        Tool.Require(("blkid", "util-linux"));
        using DirectoryHandle root = Open(Root);
        MountedFileSystem rootMount = MountedFileSystem.Of(root);
        using DirectoryHandle? boot = OpenMount(root, "boot");
        MountedFileSystem? bootMount = boot is null ? null : MountedFileSystem.Of(boot);
        if (bootMount?.Type == "vfat")
        {
            throw new InstallException($"{boot!.DisplayPath} is FAT, which has no links, and boot entries are swapped by one: mount the EFI system partition at {Root}/boot/efi or {Root}/efi instead");
        }

        using DirectoryHandle? efi = EfiMountPoints.Select(path => OpenMount(root, path)).FirstOrDefault(mount => mount is not null && MountedFileSystem.Of(mount).Type == "vfat");
        using BiosBootPlace? biosBoot = BiosBootPlace.TryFind((bootMount ?? rootMount).Source);
        string uuid = rootMount.ReadUuid();
        var target = new InstallTarget
        {
            Root = root,
            RootUuid = uuid,
            RootType = rootMount.Type,
            Subvolume = rootMount.Subvolume,
            RunningRoot = IsRunningRoot ? RootArguments.TryFind(File.ReadAllText("/proc/cmdline"), rootMount.Source, uuid) : null,
            BootUuid = bootMount?.ReadUuid(),
            EfiPartition = efi,
            EfiVolumeId = efi is null ? null : MountedFileSystem.Of(efi).ReadUuid(),
            BiosBoot = biosBoot,
        };
        if (IsRunningRoot && target.RunningRoot is null && options.RootMountSpec is null)
        {
            progress.Warn($"the kernel's arguments do not say how {rootMount.Source} is found: it is looked for by its UUID, which takes --karg or --root-mount-spec where the root is on LVM or encrypted");
        }

        RequireWritable(root, boot, efi);
        target.Place.RequireRoomFor(options.BootLoader);
        RequireAcceptable(root);
        long size = await SourceCheck.RunAsync(options, cancellation).ConfigureAwait(false);
        using ImagePreview? preview = IsAnythingLost(root, boot) ? await ImagePreview.RunAsync(options, target.Place, size, progress, cancellation).ConfigureAwait(false) : null;
        Clear(root, boot);
        if (UnfinishedInstallation.IsIn(root))
        {
            progress.Message("What an installation left that was broken off is removed");
            UnfinishedInstallation.Remove(root);
        }

        var installation = new Installation(preview?.Options ?? options, progress) { WasLookedInto = preview is not null };
        string installed = await installation.RunAsync(target, cancellation).ConfigureAwait(false);
        efi?.SyncFilesystem();
        if (!SkipFinalize)
        {
            Finalization.Run(root, boot);
        }

        progress.Message(installed);
    }

    private static DirectoryHandle Open(string path)
    {
        if (path.Length == 0)
        {
            throw new InstallException("the name of the root's directory is empty");
        }

        try
        {
            return DirectoryHandle.Open(path);
        }
        catch (LinuxException e) when (e.Error is Errno.ENOENT or Errno.ENOTDIR)
        {
            throw new InstallException($"there is no directory {path} with a mounted root", e);
        }
    }

    // Only if something is mounted there.
    private static DirectoryHandle? OpenMount(DirectoryHandle root, string path)
    {
        if (root.TryOpenDirectory(path) is not { } directory)
        {
            return null;
        }

        using DirectoryHandle parent = root.OpenDirectory(System.IO.Path.GetDirectoryName(path) is { Length: > 0 } above ? above : ".");
        if (directory.GetStatus().MountId != parent.GetStatus().MountId)
        {
            return directory;
        }

        directory.Dispose();
        return null;
    }

    private static void RequireWritable(params ReadOnlySpan<DirectoryHandle?> directories)
    {
        foreach (DirectoryHandle? directory in directories)
        {
            if (directory is not null && FileSystemSpace.IsReadOnly(directory))
            {
                throw new InstallException($"{directory.DisplayPath} is mounted read-only");
            }
        }
    }

    private void RequireAcceptable(DirectoryHandle root)
    {
        bool isUnfinished = UnfinishedInstallation.IsIn(root);
        if (root.Exists("ostree/repo") && !isUnfinished && Existing != ExistingContent.Wipe)
        {
            throw new InstallException($"{Root} is installed from an image already (it has ostree/repo): 'bootc switch --sysroot {Root}' deploys another one");
        }

        if (Existing == ExistingContent.Refuse && root.List().Select(entry => entry.Name).FirstOrDefault(name => !Harmless.Contains(name) && !(isUnfinished && name == "ostree")) is { } found)
        {
            throw new InstallException($"{Root} is not empty: it has {found}; --replace wipe removes all that is there, --replace alongside installs beside it");
        }
    }

    private bool IsAnythingLost(DirectoryHandle root, DirectoryHandle? boot)
    {
        bool isBootFilled = boot?.List().Any(entry => !Harmless.Contains(entry.Name)) ?? HasFiles(root, "boot");
        return Existing switch
        {
            ExistingContent.Wipe => isBootFilled || root.List().Any(entry => !Harmless.Contains(entry.Name)),
            ExistingContent.KeepBeside => isBootFilled,
            _ => false,
        };
    }

    private static bool HasFiles(DirectoryHandle root, string name)
    {
        using DirectoryHandle? folder = root.TryOpenDirectory(name);
        return folder?.List().Count > 0;
    }

    private void Clear(DirectoryHandle root, DirectoryHandle? boot)
    {
        switch (Existing)
        {
            case ExistingContent.Wipe:
                Clear(root);
                break;
            case ExistingContent.KeepBeside:
                using (DirectoryHandle? folder = boot?.Reopen() ?? root.TryOpenDirectory("boot"))
                {
                    if (folder is not null)
                    {
                        Clear(folder);
                    }
                }

                break;
        }
    }

    // What is mounted below is cleared, and stays mounted.
    private static void Clear(DirectoryHandle directory)
    {
        ulong mount = directory.GetStatus().MountId;
        foreach (DirectoryEntry entry in directory.List())
        {
            if (entry.Kind != FileKind.Directory)
            {
                directory.RemoveTree(entry.Name);
                continue;
            }

            using (DirectoryHandle child = directory.OpenDirectory(entry.Name))
            {
                child.Handle.SetImmutable(false, child.DisplayPath);
                Clear(child);
                if (child.GetStatus().MountId != mount || child.List().Count > 0)
                {
                    continue;
                }
            }

            directory.RemoveDirectory(entry.Name);
        }
    }
}

/// <summary>What an installation does with what it finds.</summary>
public enum ExistingContent
{
    /// <summary>It is not begun.</summary>
    Refuse,

    /// <summary>All is removed.</summary>
    Wipe,

    /// <summary>All stays, except for the content of /boot.</summary>
    KeepBeside,
}

/// <summary>A file system that is mounted, as /proc/self/mountinfo has it.</summary>
/// <param name="Source">What is mounted.</param>
/// <param name="Type">The type of the file system.</param>
/// <param name="Subvolume">The subvolume that is mounted (btrfs); <see langword="null"/> where it is all of the file system.</param>
internal sealed record MountedFileSystem(string Source, string Type, string? Subvolume)
{
    private const int NothingFound = 2; // an exit code of blkid
    private const string SubvolumeOption = "subvol=";

    /// <summary>Finds the mount that holds a directory.</summary>
    /// <exception cref="InstallException">The kernel does not list it.</exception>
    public static MountedFileSystem Of(DirectoryHandle directory)
    {
        ulong id = directory.GetStatus().MountId;
        return MountInfo.ReadAll().FirstOrDefault(mount => mount.Id == id) is { } found
            ? new MountedFileSystem(found.Source, found.Type, FindSubvolume(found))
            : throw new InstallException($"{directory.DisplayPath} is on no file system that the kernel lists");
    }

    /// <summary>The file system's UUID.</summary>
    /// <exception cref="InstallException">It has none.</exception>
    public string ReadUuid()
    {
        string uuid = Encoding.UTF8.GetString(Tool.Run("blkid", ["-p", "-s", "UUID", "-o", "value", Source], null, NothingFound)).Trim();
        return uuid.Length > 0 ? uuid : throw new InstallException($"the file system on {Source} ({Type}) has no UUID by which it could be found at boot");
    }

    private static string? FindSubvolume(MountInfo mount) =>
        mount.Options.Split(',').FirstOrDefault(option => option.StartsWith(SubvolumeOption, StringComparison.Ordinal))?[SubvolumeOption.Length..] is { } path and not "/" ? path : null;
}
