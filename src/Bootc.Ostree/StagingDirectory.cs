// Where a transaction's objects wait: `tmp/staging-$bootid-XXXXXX`, named and locked as libostree does, so that each side
// cleans up after the other and an interrupted transaction's objects are found again.
using Bootc.Linux;

namespace Bootc.Ostree;

internal sealed class StagingDirectory : IDisposable
{
    private const string Prefix = "staging-";
    private const string NameCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    private const long ExpirySeconds = 24 * 60 * 60; // core.tmp-expiry-secs
    private static readonly Lazy<string> BootPrefix = new(() => $"{Prefix}{File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim()}-");

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
    }

    public DirectoryHandle Directory { get; }

    /// <summary>Takes over what an interrupted transaction of this boot left, or makes a new directory.</summary>
    public static StagingDirectory Allocate(DirectoryHandle repository)
    {
        DirectoryHandle tmp = repository.EnsureDirectory("tmp", 0x1FD);
        foreach (DirectoryEntry entry in tmp.List())
        {
            if (entry.Kind == FileKind.Directory && entry.Name.StartsWith(BootPrefix.Value, StringComparison.Ordinal) && TryAdopt(tmp, entry.Name) is { } adopted)
            {
                return adopted;
            }
        }

        while (true)
        {
            string name = BootPrefix.Value + new string(Random.Shared.GetItems<char>(NameCharacters, 6));
            if (tmp.TryCreateDirectory(name, 0x1FD) && TryAdopt(tmp, name) is { } created)
            {
                return created;
            }
        }
    }

    /// <summary>Removes staging directories of earlier boots and other temporary files older than a day.</summary>
    public static void CleanUp(DirectoryHandle repository)
    {
        using DirectoryHandle? tmp = repository.TryOpenDirectory("tmp");
        long now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        foreach (DirectoryEntry entry in tmp?.List() ?? [])
        {
            if (entry.Name == "cache" || entry.Name.EndsWith("-lock", StringComparison.Ordinal))
            {
                continue;
            }

            if (entry.Name.StartsWith(Prefix, StringComparison.Ordinal))
            {
                RemoveStale(tmp!, entry.Name);
            }
            else if (tmp!.TryGetStatus(entry.Name) is { } status && now - status.ModifiedSeconds > ExpirySeconds)
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

    /// <summary>The first bytes of the checksums that have a directory here.</summary>
    public IEnumerable<byte> UsedPrefixes() => Directory.List()
        .Where(entry => entry.Kind == FileKind.Directory && entry.Name.Length == 2 && entry.Name.All(char.IsAsciiHexDigitLower))
        .Select(entry => Convert.ToByte(entry.Name, 16));

    /// <summary>Removes the directory; what is still in it is lost.</summary>
    public void Remove()
    {
        CloseObjectDirectories();
        _tmp.RemoveTree(_name);
        _tmp.TryRemoveFile(_name + "-lock");
    }

    public void Dispose()
    {
        CloseObjectDirectories();
        Directory.Dispose();
        _lock.Dispose();
        _tmp.Dispose();
    }

    private static StagingDirectory? TryAdopt(DirectoryHandle tmp, string name)
    {
        if (FileLock.TryAcquire(tmp, name + "-lock", exclusive: true) is not { } held)
        {
            return null;
        }

        if (!tmp.Exists(name))
        {
            tmp.TryRemoveFile(name + "-lock");
            held.Dispose();
            return null;
        }

        return new StagingDirectory(tmp, name, held);
    }

    private static void RemoveStale(DirectoryHandle tmp, string name)
    {
        if (name.StartsWith(BootPrefix.Value, StringComparison.Ordinal))
        {
            return; // of this boot: the next transaction takes it over
        }

        using FileLock? held = FileLock.TryAcquire(tmp, name + "-lock", exclusive: true);
        if (held is not null)
        {
            tmp.RemoveTree(name);
            tmp.TryRemoveFile(name + "-lock");
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
