// The kernel's calls that make and move mounts: fsopen(2) and its companions, which older C libraries do not have.
using System.Runtime.InteropServices;
using System.Runtime.InteropServices.Marshalling;

namespace Bootc.Linux;

internal static unsafe partial class NativeMethods
{
    // The same on every architecture, as openat2's.
    public const long SyscallOpenTree = 428;
    public const long SyscallMoveMount = 429;
    public const long SyscallFsOpen = 430;
    public const long SyscallFsConfig = 431;
    public const long SyscallFsMount = 432;
    public const long SyscallMountSetAttr = 442;

    [LibraryImport(LibC, SetLastError = true, EntryPoint = "syscall")]
    public static partial long fsopen(long number, [MarshalUsing(typeof(FileNameMarshaller))] string type, uint flags);

    [LibraryImport(LibC, SetLastError = true, EntryPoint = "syscall")]
    public static partial long fsconfig(long number, int fd, uint command, byte* key, byte* value, int auxiliary);

    [LibraryImport(LibC, SetLastError = true, EntryPoint = "syscall")]
    public static partial long fsmount(long number, int fd, uint flags, uint attributes);

    [LibraryImport(LibC, SetLastError = true, EntryPoint = "syscall")]
    public static partial long move_mount(
        long number,
        int fromDirfd,
        [MarshalUsing(typeof(FileNameMarshaller))] string fromPath,
        int toDirfd,
        [MarshalUsing(typeof(FileNameMarshaller))] string toPath,
        uint flags);

    [LibraryImport(LibC, SetLastError = true, EntryPoint = "syscall")]
    public static partial long open_tree(long number, int dirfd, [MarshalUsing(typeof(FileNameMarshaller))] string path, uint flags);

    [LibraryImport(LibC, SetLastError = true)]
    public static partial int umount2([MarshalUsing(typeof(FileNameMarshaller))] string target, int flags);

    [LibraryImport(LibC, SetLastError = true)]
    public static partial int unshare(int flags);

    [LibraryImport(LibC, SetLastError = true)]
    public static partial int setns(int fd, int type);

    [LibraryImport(LibC, SetLastError = true)]
    public static partial int mount(
        [MarshalUsing(typeof(FileNameMarshaller))] string source,
        [MarshalUsing(typeof(FileNameMarshaller))] string target,
        byte* type,
        nuint flags,
        byte* data);

    [LibraryImport(LibC, SetLastError = true, EntryPoint = "syscall")]
    public static partial long mount_setattr(
        long number,
        int dirfd,
        [MarshalUsing(typeof(FileNameMarshaller))] string path,
        uint flags,
        MountAttributes* attributes,
        nuint size);

    /// <summary>struct mount_attr of mount_setattr(2).</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct MountAttributes
    {
        public ulong Set;
        public ulong Clear;
        public ulong Propagation;
        public ulong UserNamespace;
    }
}
