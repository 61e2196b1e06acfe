// Puts mounts into the tree of directories and takes them out again.
using Microsoft.Win32.SafeHandles;
using static Tmds.Linux.LibC;

namespace Bootc.Linux;

/// <summary>Attaches and detaches mounts (move_mount(2), umount2(2)).</summary>
public static class Mounts
{
    private const uint FromEmptyPath = 4; // MOVE_MOUNT_F_EMPTY_PATH
    private const int DetachFlags = 2 | 8; // MNT_DETACH, UMOUNT_NOFOLLOW

    /// <summary>Attaches a mount from <see cref="FileSystemContext.CreateMount"/> at a directory.</summary>
    /// <exception cref="LinuxException">The directory is not there, or the process may not mount.</exception>
    public static void Attach(SafeFileHandle mount, string path) =>
        NativeCall.Check(
            NativeMethods.move_mount(NativeMethods.SyscallMoveMount, (int)mount.DangerousGetHandle(), "", AT_FDCWD, path, FromEmptyPath), "mount at", path);

    /// <summary>Detaches what is mounted at a directory; who still has files open there keeps them.</summary>
    /// <exception cref="LinuxException">Nothing is mounted there (EINVAL).</exception>
    public static void Detach(string path) => NativeCall.Check(NativeMethods.umount2(path, DetachFlags), "unmount", path);
}
