// What a virtual machine is started with.
namespace Bootc.E2E.Tests;

/// <summary>The hardware of a guest, and what boots it: its disks by firmware, or a kernel given from outside.</summary>
public sealed record GuestOptions
{
    /// <summary>A kernel argument for guests whose store need not be sealed, which an emulated processor is busy with for a minute.</summary>
    public const string WithoutSealing = "systemd.mask=bootc-seal.service";

    /// <summary>Raw disk images; the first one is /dev/vda.</summary>
    public required IReadOnlyList<string> Disks { get; init; }

    /// <summary>Where the console's log goes.</summary>
    public required string ConsoleLog { get; init; }

    /// <summary>The kernel to boot without a boot loader.</summary>
    public string? Kernel { get; init; }

    /// <summary>The initramfs of <see cref="Kernel"/>.</summary>
    public string? Initramfs { get; init; }

    /// <summary>The arguments of <see cref="Kernel"/>; <see cref="Guest.ConsoleArguments"/> has to be among them.</summary>
    public string? KernelArguments { get; init; }

    /// <summary>Whether the firmware is UEFI, as the file of its variables says, which it changes; <see langword="null"/> for BIOS.</summary>
    public string? UefiVariables { get; init; }

    /// <summary>Further arguments of QEMU.</summary>
    public IReadOnlyList<string> Extra { get; init; } = [];

    /// <summary>Memory in MiB.</summary>
    public int Memory { get; init; } = 1536;
}
