// A lock file as libglnx takes it, so that libostree and this program exclude each other.
using Microsoft.Win32.SafeHandles;
using static Tmds.Linux.LibC;

namespace Bootc.Linux;

/// <summary>
/// A lock on a file, held by the open file description (fcntl(2), F_OFD_SETLK) and so by this object alone, not the whole
/// process. The file is made where it is missing, and stays.
/// </summary>
public sealed unsafe class FileLock : IDisposable
{
    private const short ReadLock = 0;
    private const short WriteLock = 1;
    private const short Unlock = 2;

    private readonly SafeFileHandle _file;
    private readonly string _path;

    private FileLock(SafeFileHandle file, string path, bool exclusive)
    {
        _file = file;
        _path = path;
        IsExclusive = exclusive;
    }

    /// <summary>Whether the lock excludes every other holder, not only exclusive ones.</summary>
    public bool IsExclusive { get; private set; }

    /// <summary>Takes the lock, or returns <see langword="null"/> when another holds it.</summary>
    public static FileLock? TryAcquire(DirectoryHandle directory, string name, bool exclusive) =>
        Acquire(directory, name, exclusive, F_OFD_SETLK);

    /// <summary>Takes the lock, waiting for as long as another holds it.</summary>
    public static FileLock Acquire(DirectoryHandle directory, string name, bool exclusive) =>
        Acquire(directory, name, exclusive, F_OFD_SETLKW) ?? throw new LinuxException("lock", directory.Join(name), Errno.EAGAIN);

    /// <summary>Turns a shared lock into an exclusive one or back; <see langword="false"/> when others hold it.</summary>
    public bool TryChange(bool exclusive)
    {
        if (!Apply(_file, exclusive ? WriteLock : ReadLock, F_OFD_SETLK, _path))
        {
            return false;
        }

        IsExclusive = exclusive;
        return true;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!_file.IsClosed)
        {
            Apply(_file, Unlock, F_OFD_SETLK, _path);
            _file.Dispose();
        }
    }

    private static FileLock? Acquire(DirectoryHandle directory, string name, bool exclusive, int command)
    {
        string path = directory.Join(name);
        SafeFileHandle file = OpenLockFile(directory, name);
        try
        {
            if (Apply(file, exclusive ? WriteLock : ReadLock, command, path))
            {
                return new FileLock(file, path, exclusive);
            }
        }
        catch
        {
            file.Dispose();
            throw;
        }

        file.Dispose();
        return null;
    }

    private static SafeFileHandle OpenLockFile(DirectoryHandle directory, string name)
    {
        int fd = NativeMethods.openat(directory.Descriptor, name, O_CREAT | O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY, 0x180);
        NativeCall.Check(fd, "open the lock file", directory.Join(name));
        return new SafeFileHandle(fd, ownsHandle: true);
    }

    private static bool Apply(SafeFileHandle file, short type, int command, string path)
    {
        var range = new NativeMethods.FileLockRange { Type = type };
        int result;
        do
        {
            result = NativeMethods.fcntl(file.Descriptor, command, &range);
        }
        while (NativeCall.Interrupted(result));
        if (result >= 0)
        {
            return true;
        }

        return NativeCall.LastError is Errno.EAGAIN or Errno.EACCES ? false : throw NativeCall.Failure("lock", path);
    }
}
