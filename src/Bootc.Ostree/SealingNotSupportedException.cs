// A file system, or the kernel, has no fs-verity.
namespace Bootc.Ostree;

/// <summary>Files cannot be sealed where they are.</summary>
public sealed class SealingNotSupportedException(string path)
    : OstreeException($"{path} cannot be sealed: its file system or the kernel has no fs-verity (ext4 has it when made with 'mkfs.ext4 -O verity'; btrfs has it)");
