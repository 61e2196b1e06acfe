// Links and nodes in a directory.
using static Tmds.Linux.LibC;

namespace Bootc.Linux;

public sealed partial class DirectoryHandle
{
    /// <summary>Gives a file a second name in <paramref name="target"/>; a symbolic link is linked itself.</summary>
    /// <exception cref="LinuxException">The new name is taken (EEXIST), or the link cannot be made.</exception>
    public void CreateHardLink(string name, DirectoryHandle target, string newName)
    {
        if (NativeMethods.linkat(Descriptor, name, target.Descriptor, newName, 0) < 0)
        {
            throw LinkFailure(name, target, newName);
        }
    }

    /// <summary>As <see cref="CreateHardLink"/>; <see langword="false"/> when the new name is taken.</summary>
    public bool TryCreateHardLink(string name, DirectoryHandle target, string newName)
    {
        if (NativeMethods.linkat(Descriptor, name, target.Descriptor, newName, 0) >= 0)
        {
            return true;
        }

        return NativeCall.LastError == Errno.EEXIST ? false : throw LinkFailure(name, target, newName);
    }

    /// <summary>Creates a symbolic link at <paramref name="name"/> that points to <paramref name="target"/>.</summary>
    public void CreateSymbolicLink(string target, string name) =>
        Check(NativeMethods.symlinkat(target, Descriptor, name), "create the link", name);

    /// <summary>As <see cref="CreateSymbolicLink"/>; <see langword="false"/> when the name is taken.</summary>
    public bool TryCreateSymbolicLink(string target, string name) =>
        SucceededUnless(NativeMethods.symlinkat(target, Descriptor, name), Errno.EEXIST, "create the link", name);

    /// <summary>Where a symbolic link points.</summary>
    /// <exception cref="LinuxException">There is no such name, or it is no symbolic link (EINVAL).</exception>
    public string ReadSymbolicLink(string name) =>
        TryReadSymbolicLink(name) ?? throw new LinuxException("read the link", Join(name), Errno.ENOENT);

    /// <summary>As <see cref="ReadSymbolicLink"/>; <see langword="null"/> when there is no such name.</summary>
    public unsafe string? TryReadSymbolicLink(string name)
    {
        const int MaximumLength = 4096; // PATH_MAX: the kernel makes no longer ones
        byte* buffer = stackalloc byte[MaximumLength];
        nint length = NativeMethods.readlinkat(Descriptor, name, buffer, MaximumLength);
        if (length < 0)
        {
            return NativeCall.LastError == Errno.ENOENT ? null : throw NativeCall.Failure("read the link", Join(name));
        }

        return FileName.Decode(new ReadOnlySpan<byte>(buffer, (int)length));
    }

    /// <summary>Creates a character or block device node.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="mode">Kind (S_IFCHR or S_IFBLK) and permission bits, subject to the umask.</param>
    /// <param name="major">The device's major number.</param>
    /// <param name="minor">The device's minor number.</param>
    public void CreateDeviceNode(string name, uint mode, uint major, uint minor) =>
        Check(NativeMethods.mknodat(Descriptor, name, mode, FileStatus.MakeDeviceNumber(major, minor)), "create the device node", name);

    /// <summary>Creates a named pipe.</summary>
    public void CreateFifo(string name, uint mode) =>
        Check(NativeMethods.mknodat(Descriptor, name, ModeBits.Fifo | (mode & ModeBits.PermissionMask), 0), "create the named pipe", name);

    private LinuxException LinkFailure(string name, DirectoryHandle target, string newName)
    {
        Errno error = NativeCall.LastError;
        return new LinuxException($"link '{Join(name)}' as", target.Join(newName), error);
    }
}
