// What there is for an image to be installed to.
using Bootc.Deployments.Boot;

namespace Bootc.Install;

/// <summary>The place of an installation as far as it decides whether an image fits, which may be known before it is made.</summary>
/// <param name="RootType">The type of the root's file system.</param>
/// <param name="IsTypeByDefault">Whether the type was chosen by nobody, so that what the image asks for counts.</param>
/// <param name="HasEfiPartition">Whether there is an EFI system partition.</param>
/// <param name="HasBiosBoot">Whether GRUB for BIOS has a place.</param>
internal sealed record InstallPlace(string RootType, bool IsTypeByDefault, bool HasEfiPartition, bool HasBiosBoot)
{
    /// <summary>Whether /boot is in a subvolume, where GRUB does not look for it.</summary>
    public bool HasBootBeyondGrub { get; init; }

    /// <summary>Makes sure that a boot loader has a place.</summary>
    /// <param name="kind">The boot loader; <see langword="null"/> for whatever the image has.</param>
    /// <exception cref="InstallException">It has none.</exception>
    public void RequireRoomFor(BootLoaderKind? kind)
    {
        if (kind == BootLoaderKind.SystemdBoot && !HasEfiPartition)
        {
            throw new InstallException("systemd-boot needs an EFI system partition, and none is mounted at boot/efi, efi or boot of the root");
        }

        if (kind == BootLoaderKind.Grub && HasBootBeyondGrub)
        {
            throw new InstallException("GRUB does not find /boot in a subvolume: mount a file system of its own at boot of the root, or use systemd-boot");
        }

        if (kind != BootLoaderKind.None && !HasEfiPartition && !HasBiosBoot)
        {
            throw new InstallException($"there is no place for {(kind is null ? "a boot loader" : "GRUB")}: no EFI system partition is mounted at boot/efi or efi of the root, and its disk has no BIOS boot partition");
        }
    }

    /// <summary>Finds out how an image is to be installed here.</summary>
    /// <param name="image">The image's boot loaders.</param>
    /// <param name="config">The settings, those of the image among them.</param>
    /// <param name="asked">The boot loader that is asked for, if one is.</param>
    /// <returns>The boot loader to install.</returns>
    /// <exception cref="InstallException">The image wants another place, or lacks the boot loader.</exception>
    public BootLoaderKind Choose(BootLoaderImage image, InstallConfig config, BootLoaderKind? asked)
    {
        RequireType(config);
        BootLoaderKind kind = image.Choose(asked ?? config.BootLoader);
        RequireRoomFor(kind);
        if (kind == BootLoaderKind.Grub && !(HasEfiPartition && image.HasUefiGrub) && !(HasBiosBoot && image.HasBiosGrub))
        {
            throw new InstallException($"the image has no GRUB for {(HasEfiPartition ? "UEFI, and the disk has no BIOS boot partition" : "BIOS, and there is no EFI system partition mounted")}");
        }

        return kind;
    }

    private void RequireType(InstallConfig config)
    {
        if (IsTypeByDefault && config.BlockSetups is [not InstallConfig.DirectSetup, ..])
        {
            throw new InstallException($"the image wants its root encrypted (block = [\"{config.BlockSetups[0]}\"]), which is not done here: make and mount the root, and use 'bootc install to-filesystem'; or name its type with --filesystem to have it as it is");
        }

        if (IsTypeByDefault && config.RootFileSystem is { } type && type != RootType)
        {
            throw new InstallException(RootFileSystem.Types.Contains(type)
                ? $"the image wants its root on {type}: run again with --filesystem {type}, or with --filesystem {RootType} to have it otherwise"
                : $"the image wants its root on {type}, which is not made here: run again with --filesystem {RootType} to have it otherwise");
        }
    }
}
