// A directory held open, to which every name is relative: nothing from outside is ever resolved against the root.
using Microsoft.Win32.SafeHandles;
using static Tmds.Linux.LibC;

namespace Bootc.Linux;

/// <summary>
/// An open directory. Names are relative to it, and opening one never leads out of the directory's tree: <c>..</c> beyond
/// it, absolute symbolic links and the magic links of /proc are refused by the kernel (openat2(2), RESOLVE_BENEATH).
/// </summary>
/// <remarks>
/// Names of several components may be given for trees that belong to this program. Trees that come from outside are walked
/// one component at a time, through <see cref="OpenDirectory"/>, since other calls than opening follow links in the middle.
/// Safe for use by several threads at once, as the kernel's calls are, except for <see cref="List"/>, which each thread
/// calls on a handle of its own (<see cref="Reopen"/>).
/// </remarks>
public sealed partial class DirectoryHandle : IDisposable
{
    private const ulong ResolveBeneathWithoutMagicLinks = 0x08 | 0x02;
    private const ulong ResolveInRootWithoutMagicLinks = 0x10 | 0x02;

    private DirectoryHandle(SafeFileHandle handle, string displayPath)
    {
        Handle = handle;
        Descriptor = (int)handle.DangerousGetHandle();
        DisplayPath = displayPath;
    }

    /// <summary>The path by which the directory was reached, for messages only.</summary>
    public string DisplayPath { get; }

    /// <summary>The open handle.</summary>
    public SafeFileHandle Handle { get; }

    /// <summary>The file descriptor, valid until <see cref="Dispose"/>.</summary>
    public int Descriptor { get; }

    /// <summary>A path through /proc that names this directory for calls that take no descriptor.</summary>
    public string ProcPath => $"/proc/self/fd/{Descriptor}";

    /// <summary>Opens a directory by path; symbolic links are followed, since the path is the user's own.</summary>
    /// <exception cref="LinuxException">It is not there, is no directory, or cannot be opened.</exception>
    public static unsafe DirectoryHandle Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        int fd;
        do
        {
            fd = NativeMethods.openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
        }
        while (NativeCall.Interrupted(fd));
        NativeCall.Check(fd, "open directory", path);
        return new DirectoryHandle(new SafeFileHandle(fd, ownsHandle: true), path);
    }

    /// <summary>Opens the root of a mount from <see cref="FileSystemContext.CreateMount"/>, which lives at least as long as the directory.</summary>
    /// <exception cref="LinuxException">It cannot be opened.</exception>
    public static DirectoryHandle OpenMount(SafeFileHandle mount, string displayPath)
    {
        int fd = NativeMethods.openat((int)mount.DangerousGetHandle(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
        NativeCall.Check(fd, "open", displayPath);
        return new DirectoryHandle(new SafeFileHandle(fd, ownsHandle: true), displayPath);
    }

    /// <summary>Opens a directory beneath this one. The last component must not be a symbolic link.</summary>
    /// <exception cref="LinuxException">It is not there, is no directory, or leads out of this directory.</exception>
    public DirectoryHandle OpenDirectory(string name) =>
        new(OpenBeneath(name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, "open directory"), Join(name));

    /// <summary>As <see cref="OpenDirectory"/>; <see langword="null"/> when there is no such name.</summary>
    public DirectoryHandle? TryOpenDirectory(string name)
    {
        SafeFileHandle? handle = TryOpenBeneath(name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, "open directory");
        return handle is null ? null : new DirectoryHandle(handle, Join(name));
    }

    /// <summary>Opens a directory beneath this one, following symbolic links as long as they stay beneath it.</summary>
    public DirectoryHandle OpenDirectoryFollowingLinks(string name) =>
        new(OpenBeneath(name, O_RDONLY | O_DIRECTORY, 0, "open directory"), Join(name));

    /// <summary>
    /// Opens a directory as a process would whose root this one is (openat2(2), RESOLVE_IN_ROOT): links are followed, absolute ones
    /// from here, and <c>..</c> ends here. <see langword="null"/> when there is none, or it is no directory.
    /// </summary>
    /// <exception cref="LinuxException">It cannot be opened.</exception>
    public DirectoryHandle? TryOpenDirectoryAsRoot(string path)
    {
        SafeFileHandle? handle = TryOpen(path, O_RDONLY | O_DIRECTORY, 0, ResolveInRootWithoutMagicLinks);
        return handle is not null
            ? new DirectoryHandle(handle, Join(path.TrimStart('/')))
            : NativeCall.LastError is Errno.ENOENT or Errno.ENOTDIR or Errno.ELOOP ? null : throw NativeCall.Failure("open directory", Join(path.TrimStart('/')));
    }

    /// <summary>A second handle of the same directory, with a listing position of its own.</summary>
    public DirectoryHandle Reopen() => new(OpenBeneath(".", O_RDONLY | O_DIRECTORY, 0, "open directory"), DisplayPath);

    /// <inheritdoc/>
    public void Dispose() => Handle.Dispose();

    /// <inheritdoc/>
    public override string ToString() => DisplayPath;

    internal string Join(string name) =>
        name.Length == 0 || name == "." ? DisplayPath : DisplayPath.EndsWith('/') ? DisplayPath + name : $"{DisplayPath}/{name}";

    // Paths are for messages only, so they are made when there is something to say.
    private void Check(long result, string operation, string name)
    {
        if (result < 0)
        {
            throw NativeCall.Failure(operation, Join(name));
        }
    }

    private SafeFileHandle OpenBeneath(string name, int flags, uint mode, string operation) =>
        TryOpen(name, flags, mode) ?? throw NativeCall.Failure(operation, Join(name));

    private SafeFileHandle? TryOpenBeneath(string name, int flags, uint mode, string operation)
    {
        SafeFileHandle? handle = TryOpen(name, flags, mode);
        if (handle is null && NativeCall.LastError != Errno.ENOENT)
        {
            throw NativeCall.Failure(operation, Join(name));
        }

        return handle;
    }

    private unsafe SafeFileHandle? TryOpen(string name, int flags, uint mode, ulong resolve = ResolveBeneathWithoutMagicLinks)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        var how = new NativeMethods.OpenHow
        {
            Flags = (uint)(flags | O_CLOEXEC),
            Mode = mode,
            Resolve = resolve,
        };
        long fd;
        do
        {
            // EAGAIN: a component was renamed while the kernel looked; the next look decides.
            fd = NativeMethods.openat2(NativeMethods.SyscallOpenAt2, Descriptor, name, &how, (nuint)sizeof(NativeMethods.OpenHow));
        }
        while (fd < 0 && NativeCall.LastError is Errno.EINTR or Errno.EAGAIN);
        return fd < 0 ? null : new SafeFileHandle((nint)fd, ownsHandle: true);
    }
}
