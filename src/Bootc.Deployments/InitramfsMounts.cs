// The mounts that only the initramfs makes must not be taken away by a reboot of user space.
using System.Text;
using Bootc.Linux;

namespace Bootc.Deployments;

/// <summary>
/// Keeps systemd from unmounting what it could not mount again: by default it unmounts all but the root before it restarts
/// user space alone, and the initramfs, which put <c>/sysroot</c>, <c>/etc</c>, <c>/var</c> and <c>/boot</c> together, does
/// not run again.
/// </summary>
public static class InitramfsMounts
{
    private const string FileName = "50-bootc.conf";
    private const string VarMarker = "/run/ostree/initramfs-mount-var";

    private const string DropIn = """
        # Written by bootc-systemd-generator: only the initramfs can mount this, and a soft reboot does without it.
        [Unit]
        DefaultDependencies=no
        After=local-fs-pre.target
        Before=local-fs.target

        """;

    /// <summary>Writes drop-ins of the mount units, on a host that the initramfs put together.</summary>
    /// <param name="directory">The directory of generated units, as systemd.generator(7) has it.</param>
    /// <exception cref="LinuxException">The files cannot be written.</exception>
    public static void Keep(string directory)
    {
        if (!File.Exists(SoftReboot.BootedMarker))
        {
            return;
        }

        using DirectoryHandle units = DirectoryHandle.Open(directory);
        foreach (string unit in FindUnits())
        {
            using DirectoryHandle folder = units.EnsureDirectory(unit + ".d");
            folder.WriteAllBytesAtomically(FileName, Encoding.UTF8.GetBytes(DropIn), sync: false);
        }
    }

    private static IEnumerable<string> FindUnits()
    {
        yield return "sysroot.mount";
        yield return "etc.mount";
        if (File.Exists(VarMarker))
        {
            yield return "var.mount";
        }

        if (new FileInfo("/sysroot/boot/loader").LinkTarget is not null)
        {
            yield return "boot.mount"; // the physical root's own, not a partition that systemd mounts
        }
    }
}
