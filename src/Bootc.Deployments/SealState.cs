// Whether the kernel can vouch for what is stored.
using Bootc.Linux;
using Bootc.Ostree.GVariant;

namespace Bootc.Deployments;

/// <summary>How far the store of a sysroot is sealed with fs-verity.</summary>
public enum SealState
{
    /// <summary>It is not, and nothing that runs would gain by it: there is no composefs, or the file system cannot.</summary>
    None,

    /// <summary>It is not yet; the running deployment's image was checked when it booted, its files were not.</summary>
    Unsealed,

    /// <summary>It is being sealed.</summary>
    Sealing,

    /// <summary>It is; each boot asks for it.</summary>
    Sealed,
}

/// <summary>Finds out how far a store is sealed.</summary>
internal static class SealStates
{
    private const string RunFolder = "/run/bootc";
    private const string LockName = "seal.lock";

    /// <summary>The state of a sysroot's store; nothing but its settings is read.</summary>
    public static SealState Of(Sysroot sysroot)
    {
        if (sysroot.Repository.Config.VerityWanted == true)
        {
            return SealState.Sealed;
        }

        if (sysroot.Booted is null || !RunsComposefs() || !sysroot.Repository.CanSeal())
        {
            return SealState.None;
        }

        return IsSealing() ? SealState.Sealing : SealState.Unsealed;
    }

    /// <summary>Lets <see cref="Of"/> tell that the running host's store is being sealed, until it is disposed.</summary>
    public static FileLock? Mark()
    {
        Directory.CreateDirectory(RunFolder);
        using DirectoryHandle folder = DirectoryHandle.Open(RunFolder);
        return FileLock.TryAcquire(folder, LockName, exclusive: true);
    }

    private static bool IsSealing()
    {
        if (!CurrentProcess.IsRoot || !File.Exists($"{RunFolder}/{LockName}"))
        {
            return false;
        }

        using DirectoryHandle folder = DirectoryHandle.Open(RunFolder);
        using FileLock? free = FileLock.TryAcquire(folder, LockName, exclusive: true);
        return free is null;
    }

    // Both libostree's program in the initramfs and this project's write it down.
    private static bool RunsComposefs()
    {
        try
        {
            return File.ReadAllBytes(SoftReboot.BootedMarker) is { Length: > 0 } marker && VariantDictionary.Parse(marker).TryGetBoolean("composefs") == true;
        }
        catch (GVariantException)
        {
            return false; // another program's marker
        }
    }
}
