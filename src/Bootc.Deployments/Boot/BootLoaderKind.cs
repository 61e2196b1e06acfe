// Which program shows the boot menu.
namespace Bootc.Deployments.Boot;

/// <summary>The boot loaders that are kept in step with the boot entries.</summary>
public enum BootLoaderKind
{
    /// <summary>None, or one that reads the entries in /boot on its own.</summary>
    None,

    /// <summary>GRUB, which reads a generated <c>grub.cfg</c> beside the entries.</summary>
    Grub,

    /// <summary>systemd-boot, which reads entries and kernels from the EFI system partition only.</summary>
    SystemdBoot,
}
