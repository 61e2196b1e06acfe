// The mounts that only the initramfs makes must not be taken away by a reboot of user space.
using System.Text;
using Bootc.Linux;

namespace Bootc.Deployments;

/// <summary>
/// Keeps systemd from unmounting what it could not mount again: by default it unmounts all but the root before it restarts
/// user space alone, and the initramfs, which put <c>/sysroot</c>, <c>/etc</c>, <c>/var</c> and <c>/boot</c> together, does
/// not run again. Units of these mounts say so, and how they could be mounted; drop-ins do not suffice, since systemd does
/// not look for any where a mount has no unit.
/// </summary>
public static class InitramfsMounts
{
    private const string PhysicalRoot = "/sysroot";
    private static readonly string[] BindMounts = ["/etc", "/var", "/boot"];

    /// <summary>Writes the units, on a host that the initramfs put together.</summary>
    /// <param name="directory">The directory of generated units, as systemd.generator(7) has it.</param>
    /// <exception cref="LinuxException">The files cannot be written.</exception>
    public static void Keep(string directory)
    {
        if (!File.Exists(SoftReboot.BootedMarker))
        {
            return;
        }

        using DirectoryHandle units = DirectoryHandle.Open(directory);
        MountInfo[] mounts = [.. MountInfo.ReadAll()];
        if (Find(mounts, PhysicalRoot) is not { } physical)
        {
            return;
        }

        Write(units, physical.MountPoint, physical.Source, $"Type={physical.Type}");
        foreach (MountInfo mount in BindMounts.Select(path => Find(mounts, path)).OfType<MountInfo>())
        {
            if (mount.Device == physical.Device && RelativeTo(physical.Root, mount.Root) is { } path)
            {
                Write(units, mount.MountPoint, PhysicalRoot + path, "Options=bind");
            }
            else if (mount.Type == "overlay")
            {
                Write(units, mount.MountPoint, mount.Source, $"Type={mount.Type}"); // an /etc that forgets
            }
        }
    }

    // What lies on top is what counts.
    private static MountInfo? Find(MountInfo[] mounts, string path) => Array.FindLast(mounts, mount => mount.MountPoint == path);

    private static string? RelativeTo(string root, string path)
    {
        string prefix = root.TrimEnd('/');
        return path.StartsWith(prefix + "/", StringComparison.Ordinal) ? path[prefix.Length..] : null;
    }

    private static void Write(DirectoryHandle units, string where, string what, string how)
    {
        string content = $"""
            # Written by bootc-systemd-generator: only the initramfs can mount this, and a soft reboot does without it.
            [Unit]
            DefaultDependencies=no
            After=local-fs-pre.target
            Before=local-fs.target

            [Mount]
            Where={where}
            What={what.Replace("%", "%%", StringComparison.Ordinal)}
            {how}

            """;
        units.WriteAllBytesAtomically($"{where[1..]}.mount", Encoding.UTF8.GetBytes(content), sync: false);
    }
}
