// Files in a directory: open, create, replace, describe, remove.
using System.Text;
using Microsoft.Win32.SafeHandles;
using static Tmds.Linux.LibC;

namespace Bootc.Linux;

public sealed partial class DirectoryHandle
{
    private const uint StatxBasicStatsAndMount = 0x7ff | 0x1000;
    private const ulong StatxVerityAttribute = 0x00100000;

    /// <summary>Opens a file for reading. The last component must not be a symbolic link.</summary>
    /// <exception cref="LinuxException">It is not there, is a symbolic link (ELOOP), or cannot be opened.</exception>
    public SafeFileHandle OpenFile(string name) => OpenBeneath(name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0, "open");

    /// <summary>As <see cref="OpenFile"/>; <see langword="null"/> when there is no such name.</summary>
    public SafeFileHandle? TryOpenFile(string name) => TryOpenBeneath(name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0, "open");

    /// <summary>
    /// As <see cref="TryOpenFile"/>, for a file that is read by the way: where its owner may say so, the time of the access is not noted,
    /// which would be one more inode to write (O_NOATIME).
    /// </summary>
    public SafeFileHandle? TryOpenFileUnnoted(string name) =>
        TryOpen(name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | NativeMethods.NoAccessTime, 0) ?? TryOpenFile(name);

    /// <summary>Opens an existing file for reading and writing in place.</summary>
    public SafeFileHandle OpenFileForWriting(string name) => OpenBeneath(name, O_RDWR | O_NOFOLLOW, 0, "open for writing");

    /// <summary>Creates a file and opens it for reading and writing.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="mode">Permission bits, subject to the process's umask.</param>
    /// <param name="exclusive">Whether an existing file is an error (EEXIST); otherwise it is emptied.</param>
    public SafeFileHandle CreateFile(string name, uint mode, bool exclusive = true) =>
        OpenBeneath(name, O_RDWR | O_CREAT | O_NOFOLLOW | (exclusive ? O_EXCL : O_TRUNC), mode, "create");

    /// <summary>As <see cref="CreateFile"/>; <see langword="null"/> when the name is taken.</summary>
    public SafeFileHandle? TryCreateFile(string name, uint mode)
    {
        SafeFileHandle? handle = TryOpen(name, O_RDWR | O_CREAT | O_NOFOLLOW | O_EXCL, mode);
        return handle is not null || NativeCall.LastError == Errno.EEXIST ? handle : throw NativeCall.Failure("create", Join(name));
    }

    /// <summary>Creates a nameless file on this directory's file system, gone when closed unless <see cref="LinkTemporaryFile"/> names it.</summary>
    public SafeFileHandle CreateTemporaryFile(uint mode = 0x180) => OpenBeneath(".", O_RDWR | O_TMPFILE, mode, "create a temporary file in");

    /// <summary>Gives a file from <see cref="CreateTemporaryFile"/> a name in this directory.</summary>
    /// <exception cref="LinuxException">The name is taken (EEXIST), or the link cannot be made.</exception>
    public void LinkTemporaryFile(SafeFileHandle file, string name)
    {
        if (!TryLinkTemporaryFile(file, name))
        {
            throw new LinuxException("create", Join(name), Errno.EEXIST);
        }
    }

    /// <summary>As <see cref="LinkTemporaryFile"/>; <see langword="false"/> when the name is taken.</summary>
    public bool TryLinkTemporaryFile(SafeFileHandle file, string name)
    {
        int result = NativeMethods.linkat(AT_FDCWD, $"/proc/self/fd/{file.DangerousGetHandle()}", Descriptor, name, AT_SYMLINK_FOLLOW);
        return SucceededUnless(result, Errno.EEXIST, "create", name);
    }

    /// <summary>A second, read-only handle of an open file, which may have no name.</summary>
    public static SafeFileHandle ReopenReadOnly(SafeFileHandle file)
    {
        string path = $"/proc/self/fd/{file.DangerousGetHandle()}";
        int fd = NativeMethods.openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
        NativeCall.Check(fd, "reopen", path);
        return new SafeFileHandle(fd, ownsHandle: true);
    }

    /// <summary>The status of a name, symbolic links not followed; <c>""</c> is the directory itself.</summary>
    /// <exception cref="LinuxException">There is no such name, or it cannot be read.</exception>
    public FileStatus GetStatus(string name = "") =>
        TryGetStatus(name) ?? throw new LinuxException("stat", Join(name), Errno.ENOENT);

    /// <summary>As <see cref="GetStatus"/>; <see langword="null"/> when there is no such name.</summary>
    public FileStatus? TryGetStatus(string name) => Stat(Descriptor, name, () => Join(name));

    /// <summary>Whether there is such a name, a dangling symbolic link included.</summary>
    public bool Exists(string name) => TryGetStatus(name) is not null;

    /// <summary>Removes a file, a link or a node.</summary>
    public void RemoveFile(string name) => Check(NativeMethods.unlinkat(Descriptor, name, 0), "remove", name);

    /// <summary>As <see cref="RemoveFile"/>; <see langword="false"/> when there is no such name.</summary>
    public bool TryRemoveFile(string name) => SucceededUnless(NativeMethods.unlinkat(Descriptor, name, 0), Errno.ENOENT, "remove", name);

    /// <summary>Renames a file or directory into <paramref name="target"/>, atomically.</summary>
    public void Rename(string name, DirectoryHandle target, string newName, RenameOptions options = RenameOptions.None)
    {
        int result = NativeMethods.renameat2(Descriptor, name, target.Descriptor, newName, (uint)options);
        if (result < 0)
        {
            throw NativeCall.Failure("rename", $"{Join(name)}' to '{target.Join(newName)}");
        }
    }

    /// <summary>Changes the owner of a name, symbolic links not followed.</summary>
    public void SetOwner(string name, uint uid, uint gid) =>
        Check(NativeMethods.fchownat(Descriptor, name, uid, gid, AT_SYMLINK_NOFOLLOW), "change the owner of", name);

    /// <summary>Changes the permission bits of a name that is not a symbolic link.</summary>
    public void SetMode(string name, uint mode) =>
        Check(NativeMethods.fchmodat(Descriptor, name, mode & ModeBits.PermissionMask, 0), "change the mode of", name);

    /// <summary>Sets the modification and access time of a name, symbolic links not followed.</summary>
    public unsafe void SetModifiedTime(string name, long seconds, uint nanoseconds = 0)
    {
        var times = stackalloc NativeMethods.Timespec[2];
        times[0] = times[1] = new NativeMethods.Timespec { Seconds = seconds, Nanoseconds = nanoseconds };
        Check(NativeMethods.utimensat(Descriptor, name, times, AT_SYMLINK_NOFOLLOW), "set the times of", name);
    }

    /// <summary>A file's whole content.</summary>
    public byte[] ReadAllBytes(string name)
    {
        using SafeFileHandle file = OpenFile(name);
        return file.ReadToEnd(Join(name));
    }

    /// <summary>Whether a file is there that has this content.</summary>
    /// <exception cref="LinuxException">It cannot be read.</exception>
    public bool HasContent(string name, ReadOnlySpan<byte> content) => TryReadAllBytes(name) is { } present && present.AsSpan().SequenceEqual(content);

    /// <summary>A file's whole content; <see langword="null"/> when there is no such name.</summary>
    public byte[]? TryReadAllBytes(string name)
    {
        using SafeFileHandle? file = TryOpenFile(name);
        return file?.ReadToEnd(Join(name));
    }

    /// <summary>A file's whole content as UTF-8 text.</summary>
    public string ReadAllText(string name) => Encoding.UTF8.GetString(ReadAllBytes(name));

    /// <summary>A file's whole content as UTF-8 text; <see langword="null"/> when there is no such name.</summary>
    public string? TryReadAllText(string name) => TryReadAllBytes(name) is { } bytes ? Encoding.UTF8.GetString(bytes) : null;

    /// <summary>Replaces or creates a file: readers see the old content or the new one whole, also after a power cut.</summary>
    /// <param name="name">Its name, in this directory or beneath it.</param>
    /// <param name="content">The new content.</param>
    /// <param name="mode">Permission bits, whatever the umask.</param>
    /// <param name="sync">Whether the content is on disk before the name changes.</param>
    public void WriteAllBytesAtomically(string name, ReadOnlySpan<byte> content, uint mode = 0x1A4, bool sync = true)
    {
        int slash = name.LastIndexOf('/');
        string temporary = $"{name[..(slash + 1)]}.{name[(slash + 1)..]}.{Path.GetRandomFileName()}";
        using (SafeFileHandle file = CreateFile(temporary, 0x180))
        {
            try
            {
                file.WriteFully(content, Join(name));
                file.SetMode(mode, Join(name));
                if (sync)
                {
                    file.Sync(Join(name));
                }

                Rename(temporary, this, name);
            }
            catch
            {
                NativeMethods.unlinkat(Descriptor, temporary, 0);
                throw;
            }
        }
    }

    internal static unsafe FileStatus? Stat(int descriptor, string name, Func<string> path)
    {
        NativeMethods.StatxBuffer buffer;
        int flags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | (name.Length == 0 ? AT_EMPTY_PATH : 0);
        if (NativeMethods.statx(descriptor, name, flags, StatxBasicStatsAndMount, &buffer) < 0)
        {
            return NativeCall.LastError == Errno.ENOENT ? null : throw NativeCall.Failure("stat", path());
        }

        return new FileStatus(
            buffer.Mode,
            buffer.Uid,
            buffer.Gid,
            (long)buffer.Size,
            buffer.Inode,
            ((ulong)buffer.DeviceMajor << 32) | buffer.DeviceMinor,
            buffer.LinkCount,
            buffer.RdevMajor,
            buffer.RdevMinor,
            buffer.ModifiedSeconds,
            buffer.ModifiedNanoseconds,
            (long)buffer.Blocks,
            (buffer.Mask & 0x1000) != 0 ? buffer.MountId : 0,
            (buffer.Attributes & StatxVerityAttribute) != 0);
    }

    private bool SucceededUnless(int result, Errno expected, string operation, string name)
    {
        if (result >= 0)
        {
            return true;
        }

        return NativeCall.LastError == expected ? false : throw NativeCall.Failure(operation, Join(name));
    }
}
