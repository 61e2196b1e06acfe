// Which boot loader a sysroot has, and where its EFI system partition is.
using Bootc.Ostree;

namespace Bootc.Deployments.Boot;

/// <summary>
/// The group <c>[bootc]</c> of the repository's config: <c>bootloader</c> is <c>grub</c> or <c>systemd</c>, <c>esp</c> the
/// volume ID of the EFI system partition's file system. libostree leaves it alone, and is told by
/// <c>sysroot.bootloader=none</c> that the boot loader is none of its business.
/// </summary>
/// <param name="Kind">The boot loader.</param>
/// <param name="EfiPartition">The volume ID, <c>XXXX-XXXX</c>; <see langword="null"/> where there is no such partition.</param>
public sealed record BootLoaderSettings(BootLoaderKind Kind, string? EfiPartition)
{
    private const string Group = "bootc";
    private const string LoaderKey = "bootloader";
    private const string PartitionKey = "esp";

    /// <summary>Reads the settings of a repository.</summary>
    /// <exception cref="DeploymentException">They name an unknown boot loader.</exception>
    public static BootLoaderSettings Read(Repository repository)
    {
        KeyFile file = repository.Config.File;
        BootLoaderKind kind = file.GetString(Group, LoaderKey) switch
        {
            null or "none" => BootLoaderKind.None,
            "grub" => BootLoaderKind.Grub,
            "systemd" => BootLoaderKind.SystemdBoot,
            var other => throw new DeploymentException($"the repository's config names the boot loader '{other}' (bootc.bootloader), and only grub, systemd and none are known"),
        };
        return new BootLoaderSettings(kind, file.GetString(Group, PartitionKey));
    }

    /// <summary>The settings as changes to a repository's config.</summary>
    public void ApplyTo(KeyFile config)
    {
        config.SetString("sysroot", "bootloader", "none");
        config.SetString(Group, LoaderKey, Kind switch { BootLoaderKind.Grub => "grub", BootLoaderKind.SystemdBoot => "systemd", _ => "none" });
        if (EfiPartition is { } partition)
        {
            config.SetString(Group, PartitionKey, partition);
        }
    }
}
