// That the staged deployment was not finalized is known only after the system is down: the next boot says so.
using System.Text;
using Bootc.Linux;

namespace Bootc.Deployments;

/// <summary>
/// What went wrong when a staged deployment was to be finalized: at shutdown it is written to <c>/boot/ostree</c>, where
/// libostree puts it as well; the next boot takes it from there to <c>/run</c>, and tells of it until it ends.
/// </summary>
internal static class FinalizationFailure
{
    private const string Stamp = "boot/ostree/finalize-failure.stamp";
    private const string Folder = "/run/bootc";
    private const string Name = "finalize-failure";

    /// <summary>Writes down a failure for the next boot; where not even that can be done, the failure itself is what counts.</summary>
    public static void Record(DirectoryHandle sysroot, Exception failure)
    {
        try
        {
            using DirectoryHandle folder = sysroot.EnsureDirectory("boot/ostree");
            folder.WriteAllBytesAtomically(Path.GetFileName(Stamp), Encoding.UTF8.GetBytes(failure.Message));
        }
        catch (LinuxException)
        {
            // Such as a full /boot.
        }
    }

    /// <summary>Forgets a failure before: this time it went well.</summary>
    public static void Clear(DirectoryHandle sysroot) => sysroot.TryRemoveFile(Stamp);

    /// <summary>Takes over what the boot before wrote down; <see langword="null"/> when there was nothing.</summary>
    public static string? TakeOver(Sysroot sysroot)
    {
        if (sysroot.Root.TryReadAllText(Stamp) is not { } failure)
        {
            return null;
        }

        if (sysroot.Booted is not null)
        {
            Directory.CreateDirectory(Folder);
            using DirectoryHandle folder = DirectoryHandle.Open(Folder);
            folder.WriteAllBytesAtomically(Name, Encoding.UTF8.GetBytes(failure), sync: false);
        }

        sysroot.Root.TryRemoveFile(Stamp);
        return failure;
    }

    /// <summary>What the boot before wrote down, whether it was taken over or not.</summary>
    public static string? TryRead(Sysroot sysroot)
    {
        if (sysroot.Root.TryReadAllText(Stamp) is { } waiting)
        {
            return waiting;
        }

        return sysroot.Booted is not null && File.Exists($"{Folder}/{Name}") ? File.ReadAllText($"{Folder}/{Name}") : null;
    }
}
