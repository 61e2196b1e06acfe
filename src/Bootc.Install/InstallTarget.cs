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

    /// <summary>The subvolume of the file system that the root is, such as <c>/root</c>; <see langword="null"/> for its top.</summary>
    public string? Subvolume { get; init; }

    /// <summary>How the running system finds this root, by its kernel's arguments; <see langword="null"/> where that says nothing of it.</summary>
    public RootArguments? RunningRoot { get; init; }

    /// <summary>The UUID of the file system with /boot, when that is another one.</summary>
    public string? BootUuid { get; init; }

    /// <summary>The EFI system partition, if there is one.</summary>
    public DirectoryHandle? EfiPartition { get; init; }

    /// <summary>The volume ID of <see cref="EfiPartition"/>.</summary>
    public string? EfiVolumeId { get; init; }

    /// <summary>Where GRUB for BIOS goes; <see langword="null"/> where it has no place.</summary>
    public BiosBootPlace? BiosBoot { get; init; }

    /// <summary>What images are chosen for, and refused for.</summary>
    public InstallPlace Place => new(RootType, IsTypeByDefault, EfiPartition is not null, BiosBoot is not null) { HasBootBeyondGrub = Subvolume is not null && BootUuid is null };
}
