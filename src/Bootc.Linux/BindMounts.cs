// Rearranges what is mounted: binds, remounts, moves, and says who sees later changes (mount(2)).
namespace Bootc.Linux;

/// <summary>Mounts made of other mounts.</summary>
public static unsafe class BindMounts
{
    private const string NoSource = "none"; // what the kernel does not look at
    private const nuint ReadOnlyFlag = 1;
    private const nuint RemountFlag = 32;
    private const nuint BindFlag = 4096;
    private const nuint MoveFlag = 8192;
    private const nuint RecursiveFlag = 16384;
    private const nuint SilentFlag = 32768;
    private const nuint PrivateFlag = 1 << 18;
    private const nuint SlaveFlag = 1 << 19;
    private const nuint SharedFlag = 1 << 20;

    /// <summary>Shows a directory at a second place.</summary>
    /// <exception cref="LinuxException">One of them is not there, or the process may not mount.</exception>
    public static void Bind(string source, string target) => Mount(source, target, BindFlag, $"mount '{source}' at");

    /// <summary>Makes one mount read-only or writable; others of the same file system stay as they are.</summary>
    /// <exception cref="LinuxException">Nothing is mounted there, or the process may not mount.</exception>
    public static void Remount(string path, bool readOnly) =>
        Mount(NoSource, path, BindFlag | RemountFlag | (readOnly ? ReadOnlyFlag : 0), readOnly ? "make read-only" : "make writable");

    /// <summary>Moves a mount to another directory.</summary>
    /// <exception cref="LinuxException">Nothing is mounted at the source, or it is shared.</exception>
    public static void Move(string source, string target) => Mount(source, target, MoveFlag, $"move the mount '{source}' to");

    /// <summary>Keeps mounts at and below a directory from spreading to other namespaces, and the other way.</summary>
    /// <exception cref="LinuxException">Nothing is mounted there.</exception>
    public static void MakePrivate(string path) => Mount(NoSource, path, PrivateFlag | RecursiveFlag, "make private");

    /// <summary>Keeps later mounts below a bind mount out of the directory that it shows; its own copies see them.</summary>
    /// <exception cref="LinuxException">Nothing is mounted there.</exception>
    public static void DetachFromSource(string path)
    {
        Mount(NoSource, path, SlaveFlag, "make a slave mount");
        Mount(NoSource, path, SharedFlag, "make shared");
    }

    private static void Mount(string source, string target, nuint flags, string operation) =>
        NativeCall.Check(NativeMethods.mount(source, target, null, flags | SilentFlag, null), operation, target);
}
