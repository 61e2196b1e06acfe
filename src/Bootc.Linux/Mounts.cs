// Puts mounts into the tree of directories and takes them out again.
using Microsoft.Win32.SafeHandles;
using static Tmds.Linux.LibC;

namespace Bootc.Linux;

/// <summary>Attaches and detaches mounts (move_mount(2), umount2(2)), and changes how they may be used, for this program alone.</summary>
public static class Mounts
{
    private const uint FromEmptyPath = 4; // MOVE_MOUNT_F_EMPTY_PATH
    private const int DetachFlags = 2 | 8; // MNT_DETACH, UMOUNT_NOFOLLOW
    private const int NewMountNamespace = 0x20000; // CLONE_NEWNS
    private const ulong ReadOnlyAttribute = 1; // MOUNT_ATTR_RDONLY
    private const nuint Remount = 32; // MS_REMOUNT

    /// <summary>Attaches a mount from <see cref="FileSystemContext.CreateMount"/> at a directory.</summary>
    /// <exception cref="LinuxException">The directory is not there, or the process may not mount.</exception>
    public static void Attach(SafeFileHandle mount, string path) =>
        NativeCall.Check(
            NativeMethods.move_mount(NativeMethods.SyscallMoveMount, (int)mount.DangerousGetHandle(), "", AT_FDCWD, path, FromEmptyPath), "mount at", path);

    /// <summary>Detaches what is mounted at a directory; who still has files open there keeps them.</summary>
    /// <exception cref="LinuxException">Nothing is mounted there (EINVAL).</exception>
    public static void Detach(string path) => NativeCall.Check(NativeMethods.umount2(path, DetachFlags), "unmount", path);

    /// <summary>
    /// Gives this thread a mount namespace of its own: how it changes mounts counts for it, for the processes that it starts,
    /// and through the directories that it opens.
    /// </summary>
    /// <exception cref="LinuxException">The process may not do so.</exception>
    public static void EnterPrivateNamespace() => NativeCall.Check(NativeMethods.unshare(NewMountNamespace), "make a mount namespace for", "this program");

    /// <summary>Whether nothing can be written to the file system at <paramref name="path"/>, by its mount or altogether.</summary>
    public static bool IsReadOnly(string path)
    {
        using DirectoryHandle directory = DirectoryHandle.Open(path);
        return FileSystemSpace.IsReadOnly(directory);
    }

    /// <summary>Makes a mount writable, and its file system too where that is read-only altogether.</summary>
    /// <exception cref="LinuxException">Nothing is mounted at <paramref name="path"/>, or it cannot be made writable.</exception>
    public static unsafe void MakeWritable(string path)
    {
        var attributes = new NativeMethods.MountAttributes { Clear = ReadOnlyAttribute };
        NativeCall.Check(
            NativeMethods.mount_setattr(NativeMethods.SyscallMountSetAttr, AT_FDCWD, path, 0, &attributes, (nuint)sizeof(NativeMethods.MountAttributes)), "change the mount at", path);
        if (IsReadOnly(path))
        {
            NativeCall.Check(NativeMethods.mount("none", path, null, Remount, null), "remount for writing", path);
        }
    }
}
