// Where a transaction's objects wait: `tmp/bootc-staging-XXXXXX` with a lock file beside it. The name is not one of libostree's
// (`staging-$bootid-XXXXXX`), whose next transaction would take over what is in it: here a file may have its name before it
// is whole. What an interrupted transaction left is removed by the next one, or by libostree after a day.
using Bootc.Linux;

namespace Bootc.Ostree;

internal sealed class StagingDirectory : IDisposable
{
    private const string Prefix = "bootc-staging-";
    private const string NameCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    private const string PeerPrefix = "staging-"; // libostree looks after its own
    private const string LockSuffix = "-lock";
    private const uint SetGroupId = 0x400;
    private const long ExpirySeconds = 24 * 60 * 60; // core.tmp-expiry-secs

    private readonly DirectoryHandle _tmp;
    private readonly string _name;
    private readonly FileLock _lock;
    private readonly DirectoryHandle?[] _objectDirectories = new DirectoryHandle?[256];
    private readonly Lock _gate = new();

    private StagingDirectory(DirectoryHandle tmp, string name, FileLock heldLock)
    {
        _tmp = tmp;
        _name = name;
        _lock = heldLock;
        Directory = tmp.OpenDirectory(name);
        FileStatus status = Directory.GetStatus();
        CreationGid = (status.Mode & SetGroupId) != 0 ? status.Gid : CurrentProcess.FileSystemGid;
    }

    public DirectoryHandle Directory { get; }

    /// <summary>The group to which new files here belong.</summary>
    public uint CreationGid { get; }

    /// <summary>Makes a new directory.</summary>
    public static StagingDirectory Allocate(DirectoryHandle repository)
    {
        DirectoryHandle tmp = repository.EnsureDirectory("tmp", 0x1FD);
        while (true)
        {
            string name = Prefix + new string(Random.Shared.GetItems<char>(NameCharacters, 6));
            if (FileLock.TryAcquire(tmp, name + LockSuffix, exclusive: true) is { } held)
            {
                if (tmp.TryCreateDirectory(name, 0x1FD))
                {
                    return new StagingDirectory(tmp, name, held);
                }

                held.Dispose();
            }
        }
    }

    /// <summary>Removes staging directories that no running program holds, and other temporary files older than a day.</summary>
    public static void CleanUp(DirectoryHandle repository)
    {
        using DirectoryHandle? tmp = repository.TryOpenDirectory("tmp");
        long now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        foreach (DirectoryEntry entry in tmp?.List() ?? [])
        {
            if (entry.Name == "cache" || entry.Name.EndsWith(LockSuffix, StringComparison.Ordinal))
            {
                continue;
            }

            if (entry.Name.StartsWith(Prefix, StringComparison.Ordinal))
            {
                RemoveStale(tmp!, entry.Name);
            }
            else if (!entry.Name.StartsWith(PeerPrefix, StringComparison.Ordinal)
                && tmp!.TryGetStatus(entry.Name) is { } status
                && now - status.ModifiedSeconds > ExpirySeconds)
            {
                tmp.RemoveTree(entry.Name);
            }
        }
    }

    /// <summary>The directory for objects whose checksums begin with a byte.</summary>
    public DirectoryHandle ObjectDirectory(byte first)
    {
        if (Volatile.Read(ref _objectDirectories[first]) is { } open)
        {
            return open;
        }

        lock (_gate)
        {
            return _objectDirectories[first] ??= Directory.EnsureDirectory(Convert.ToHexStringLower([first]), 0x1FD);
        }
    }

    /// <summary>As <see cref="ObjectDirectory"/>, of objects that are there; <see langword="null"/> when there are none.</summary>
    public DirectoryHandle? TryObjectDirectory(byte first) => Volatile.Read(ref _objectDirectories[first]);

    /// <summary>The first bytes of the checksums that have a directory here.</summary>
    public IEnumerable<byte> UsedPrefixes() => Directory.List()
        .Where(entry => entry.Kind == FileKind.Directory && entry.Name.Length == 2 && entry.Name.All(char.IsAsciiHexDigitLower))
        .Select(entry => Convert.ToByte(entry.Name, 16));

    /// <summary>Removes the directory; what is still in it is lost.</summary>
    public void Remove()
    {
        CloseObjectDirectories();
        _tmp.RemoveTree(_name);
        _tmp.TryRemoveFile(_name + LockSuffix);
    }

    public void Dispose()
    {
        CloseObjectDirectories();
        Directory.Dispose();
        _lock.Dispose();
        _tmp.Dispose();
    }

    private static void RemoveStale(DirectoryHandle tmp, string name)
    {
        using FileLock? held = FileLock.TryAcquire(tmp, name + LockSuffix, exclusive: true);
        if (held is not null)
        {
            tmp.RemoveTree(name);
            tmp.TryRemoveFile(name + LockSuffix);
        }
    }

    private void CloseObjectDirectories()
    {
        for (int i = 0; i < _objectDirectories.Length; i++)
        {
            _objectDirectories[i]?.Dispose();
            _objectDirectories[i] = null;
        }
    }
}
