// What a boot loader needs besides the entries in /boot, and when.
using Bootc.Linux;

namespace Bootc.Deployments.Boot;

/// <summary>A boot loader that is kept in step with the boot entries of a sysroot.</summary>
internal interface IBootLoader : IDisposable
{
    /// <summary>The file system on which it wants kernels of its own, under the same names as in /boot; <see langword="null"/> for none.</summary>
    DirectoryHandle? KernelPartition { get; }

    /// <summary>Before the swap: writes what takes effect together with the entries, and nothing that takes effect earlier.</summary>
    /// <param name="loader">The directory <c>loader.N</c> that comes into force with one rename.</param>
    /// <param name="menu">The menu from then on.</param>
    void WriteBeside(DirectoryHandle loader, BootMenu menu);

    /// <summary>
    /// After the swap, and whenever something may have been interrupted: makes what the boot loader keeps elsewhere agree with
    /// the menu in force, which another program may have made. Until it is done, what was booted before still boots. Run again,
    /// it changes nothing.
    /// </summary>
    /// <param name="boot">/boot, which has the kernels.</param>
    /// <param name="menu">The menu in force.</param>
    /// <returns>Whether anything had to be changed.</returns>
    bool Follow(DirectoryHandle boot, BootMenu menu);

    /// <summary>How many tries the first deployment has left, if it is on trial.</summary>
    int? ReadTriesLeft(BootMenu menu);
}
