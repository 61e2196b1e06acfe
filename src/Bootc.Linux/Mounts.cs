// Puts mounts into the tree of directories and takes them out again.
using System.Runtime.ExceptionServices;
using Microsoft.Win32.SafeHandles;
using static Tmds.Linux.LibC;

namespace Bootc.Linux;

/// <summary>Attaches and detaches mounts (move_mount(2), umount2(2)), and changes how they may be used, for this program alone.</summary>
public static class Mounts
{
    private const uint FromEmptyPath = 4; // MOVE_MOUNT_F_EMPTY_PATH
    private const int DetachFlags = 2 | 8; // MNT_DETACH, UMOUNT_NOFOLLOW
    private const int NewMountNamespace = 0x20000; // CLONE_NEWNS
    private const int OwnDirectories = 0x200; // CLONE_FS
    private const uint CloneTree = 1 | 0x8000 | 0x80000; // OPEN_TREE_CLONE, AT_RECURSIVE, OPEN_TREE_CLOEXEC
    private const uint CloneOne = 1 | 0x80000; // OPEN_TREE_CLONE, OPEN_TREE_CLOEXEC
    private const uint EmptyPath = 0x1000; // AT_EMPTY_PATH
    private const string AnyDirectory = "/sys"; // there in any system and container
    private const ulong ReadOnlyAttribute = 1; // MOUNT_ATTR_RDONLY
    private const nuint Remount = 32; // MS_REMOUNT

    private static SafeFileHandle? s_programNamespace;

    /// <summary>Attaches a mount from <see cref="FileSystemContext.CreateMount"/> at a directory.</summary>
    /// <exception cref="LinuxException">The directory is not there, or the process may not mount.</exception>
    public static void Attach(SafeFileHandle mount, string path) =>
        NativeCall.Check(
            NativeMethods.move_mount(NativeMethods.SyscallMoveMount, (int)mount.DangerousGetHandle(), "", AT_FDCWD, path, FromEmptyPath), "mount at", path);

    /// <summary>Puts a mount below another one, neither of which is attached anywhere.</summary>
    /// <param name="root">The one that is above.</param>
    /// <param name="path">The directory in it.</param>
    /// <param name="child">The one that is seen there.</param>
    /// <returns>Both, attached nowhere, and gone when the last handle on them is closed.</returns>
    /// <exception cref="LinuxException">The directory is not there, or the process may not mount.</exception>
    public static SafeFileHandle Join(SafeFileHandle root, string path, SafeFileHandle child)
    {
        // Kernels before 6.15 join mounts only where they are attached: in a namespace that ends with its only thread.
        SafeFileHandle? joined = null;
        RunInThread(() =>
        {
            EnterPrivateNamespace();
            BindMounts.MakePrivate("/");
            Attach(root, AnyDirectory);
            Attach(child, Path.Combine(AnyDirectory, path));
            long tree = NativeMethods.open_tree(NativeMethods.SyscallOpenTree, AT_FDCWD, AnyDirectory, CloneTree);
            NativeCall.Check(tree, "join mounts at", AnyDirectory);
            joined = new SafeFileHandle((nint)tree, ownsHandle: true);
        });
        return joined!;
    }

    /// <summary>Detaches what is mounted at a directory; who still has files open there keeps them.</summary>
    /// <exception cref="LinuxException">Nothing is mounted there (EINVAL).</exception>
    public static void Detach(string path) => NativeCall.Check(NativeMethods.umount2(path, DetachFlags), "unmount", path);

    /// <summary>
    /// Gives this thread a mount namespace of its own: how it changes mounts counts for it, for the processes that it starts,
    /// and through the directories that it opens.
    /// </summary>
    /// <exception cref="LinuxException">The process may not do so.</exception>
    public static void EnterPrivateNamespace() => NativeCall.Check(NativeMethods.unshare(NewMountNamespace), "make a mount namespace for", "this program");

    /// <summary>As <see cref="EnterPrivateNamespace"/>, for good: <see cref="RunInPrivateNamespace"/> starts from there, whichever thread calls it.</summary>
    /// <exception cref="LinuxException">The process may not do so.</exception>
    public static void EnterProgramNamespace()
    {
        EnterPrivateNamespace();
        s_programNamespace = File.OpenHandle("/proc/thread-self/ns/mnt");
    }

    /// <summary>
    /// Runs something where the system as a whole mounts: in the mount namespace of process 1. What it mounts, and the
    /// processes that it starts, are there; nothing it does may wait for another thread, which is not.
    /// </summary>
    /// <exception cref="LinuxException">The process may not enter that namespace.</exception>
    public static void RunInSystemNamespace(Action action) => RunInThread(() =>
    {
        EnterSystemNamespace();
        action();
    });

    /// <summary>Runs something where the system as a whole mounts, wherever <see cref="EnterProgramNamespace"/> has led this program.</summary>
    /// <inheritdoc cref="RunInSystemNamespace" path="/exception"/>
    public static void RunOutsideProgramNamespace(Action action)
    {
        if (s_programNamespace is null)
        {
            action();
        }
        else
        {
            RunInSystemNamespace(action);
        }
    }

    /// <summary>
    /// Runs something in a mount namespace of its own: what it mounts is seen by it and by the processes that it starts, by
    /// nobody else, and is gone with it. Other threads, which it must not wait for, see none of it but through open directories.
    /// </summary>
    /// <exception cref="LinuxException">The process may not make such a namespace.</exception>
    public static void RunInPrivateNamespace(Action action) => RunInThread(() =>
    {
        if (s_programNamespace is { } program)
        {
            Enter(program, "this program");
        }

        EnterPrivateNamespace();
        BindMounts.MakePrivate("/");
        action();
    });

    private static void EnterSystemNamespace()
    {
        const string path = "/proc/1/ns/mnt";
        using SafeFileHandle target = File.OpenHandle(path);
        Enter(target, path);
    }

    // A thread can do so when it shares its root and working directory with no other.
    private static void Enter(SafeFileHandle target, string what)
    {
        NativeCall.Check(NativeMethods.unshare(OwnDirectories), "enter the namespace", what);
        NativeCall.Check(NativeMethods.setns((int)target.DangerousGetHandle(), NewMountNamespace), "enter the namespace", what);
    }

    /// <summary>Whether something is mounted at a directory of the running system; it need not be there.</summary>
    public static bool IsMountPoint(string path)
    {
        if (!Directory.Exists(path))
        {
            return false;
        }

        using DirectoryHandle directory = DirectoryHandle.Open(path);
        using DirectoryHandle parent = DirectoryHandle.Open(Path.GetDirectoryName(path)!);
        return directory.GetStatus().MountId != parent.GetStatus().MountId;
    }

    /// <summary>Whether nothing can be written to the file system at <paramref name="path"/>, by its mount or altogether.</summary>
    public static bool IsReadOnly(string path)
    {
        using DirectoryHandle directory = DirectoryHandle.Open(path);
        return FileSystemSpace.IsReadOnly(directory);
    }

    /// <summary>Has a mount that is attached nowhere be one through which nothing can be written.</summary>
    /// <exception cref="LinuxException">The process may not do so.</exception>
    public static void SetReadOnly(SafeFileHandle mount) => ChangeAttributes(mount, new NativeMethods.MountAttributes { Set = ReadOnlyAttribute });

    /// <summary>Another mount of what is mounted at a directory, attached nowhere, through which it can be written to.</summary>
    /// <returns>The mount, gone when the last handle on it is closed.</returns>
    /// <exception cref="LinuxException">Nothing is mounted there, or the process may not do so.</exception>
    public static SafeFileHandle CloneWritable(string path)
    {
        long tree = NativeMethods.open_tree(NativeMethods.SyscallOpenTree, AT_FDCWD, path, CloneOne);
        NativeCall.Check(tree, "clone the mount at", path);
        var mount = new SafeFileHandle((nint)tree, ownsHandle: true);
        ChangeAttributes(mount, new NativeMethods.MountAttributes { Clear = ReadOnlyAttribute });
        return mount;
    }

    private static unsafe void ChangeAttributes(SafeFileHandle mount, NativeMethods.MountAttributes attributes) => NativeCall.Check(
        NativeMethods.mount_setattr(NativeMethods.SyscallMountSetAttr, (int)mount.DangerousGetHandle(), "", EmptyPath, &attributes, (nuint)sizeof(NativeMethods.MountAttributes)),
        "change a mount of",
        "this program");

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

    // What a thread does to its namespace is its own affair, and ends with it.
    private static void RunInThread(Action action)
    {
        ExceptionDispatchInfo? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                action();
            }
            catch (Exception e)
            {
                failure = ExceptionDispatchInfo.Capture(e);
            }
        });
        thread.Start();
        thread.Join();
        failure?.Throw();
    }
}
