// The boot loader that needs nothing besides the entries in /boot.
using Bootc.Linux;

namespace Bootc.Deployments.Boot;

/// <summary>A directory that is no disk, or a boot loader that reads /boot on its own.</summary>
internal sealed class NoBootLoader : IBootLoader
{
    public DirectoryHandle? KernelPartition => null;

    public void WriteBeside(DirectoryHandle loader, BootMenu menu)
    {
    }

    public bool Follow(DirectoryHandle boot, BootMenu menu) => false;

    public int? ReadTriesLeft(BootMenu menu) => null;

    public void Dispose()
    {
    }
}
