// The file systems that an installation fills.
using Bootc.Deployments.Boot;
using Bootc.Linux;

namespace Bootc.Install;

/// <summary>A root, and what belongs to it on the same machine.</summary>
internal sealed record InstallTarget
{
    /// <summary>The root's file system.</summary>
    public required DirectoryHandle Root { get; init; }

    /// <summary>The UUID of the root's file system.</summary>
    public required string RootUuid { get; init; }

    /// <summary>The type of the root's file system.</summary>
    public required string RootType { get; init; }

    /// <summary>Whether the type was chosen by nobody, so that what the image asks for counts.</summary>
    public bool IsTypeByDefault { get; init; }

    /// <summary>The UUID of the file system with /boot, when that is another one.</summary>
    public string? BootUuid { get; init; }

    /// <summary>The EFI system partition, if there is one.</summary>
    public DirectoryHandle? EfiPartition { get; init; }

    /// <summary>The volume ID of <see cref="EfiPartition"/>.</summary>
    public string? EfiVolumeId { get; init; }

    /// <summary>Where GRUB for BIOS goes; <see langword="null"/> where it has no place.</summary>
    public BiosBootPlace? BiosBoot { get; init; }

    /// <summary>Makes sure that a boot loader has a place.</summary>
    /// <param name="kind">The boot loader; <see langword="null"/> for whatever the image has.</param>
    /// <exception cref="InstallException">It has none.</exception>
    public void RequirePlaceFor(BootLoaderKind? kind)
    {
        if (kind == BootLoaderKind.SystemdBoot && EfiPartition is null)
        {
            throw new InstallException("systemd-boot needs an EFI system partition, and none is mounted at boot/efi, efi or boot of the root");
        }

        if (kind != BootLoaderKind.None && EfiPartition is null && BiosBoot is null)
        {
            throw new InstallException($"there is no place for {(kind is null ? "a boot loader" : "GRUB")}: no EFI system partition is mounted at boot/efi or efi of the root, and its disk has no BIOS boot partition");
        }
    }
}
