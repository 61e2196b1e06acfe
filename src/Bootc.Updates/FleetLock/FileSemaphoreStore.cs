// Semaphores in one file, for a lock manager that runs on one machine.
using System.Text.Json;
using Bootc.Linux;

namespace Bootc.Updates.FleetLock;

/// <summary>
/// Semaphores in a file that one process uses at a time. Every change writes the file anew beside the old one, which it then
/// replaces, and is on disk before anyone hears of it: killed at any moment, it holds all that was granted.
/// </summary>
public sealed class FileSemaphoreStore : ISemaphoreStore
{
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly DirectoryHandle _directory;
    private readonly FileLock _lock;
    private readonly string _name;
    private SortedDictionary<string, StoreDocument.Entry> _groups;

    private FileSemaphoreStore(DirectoryHandle directory, FileLock fileLock, string name)
    {
        _directory = directory;
        _lock = fileLock;
        _name = name;
        _groups = Load();
    }

    /// <inheritdoc/>
    public string Description => Path.Combine(_directory.DisplayPath, _name);

    /// <summary>Opens a file, which need not be there yet; its directory is made where it is missing.</summary>
    /// <exception cref="LockStoreException">Another process uses it, or it is malformed.</exception>
    public static FileSemaphoreStore Open(string path)
    {
        string full = Path.GetFullPath(path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        DirectoryHandle directory = DirectoryHandle.Open(Path.GetDirectoryName(full)!);
        FileLock? fileLock = null;
        try
        {
            string name = Path.GetFileName(full);
            fileLock = FileLock.TryAcquire(directory, $".{name}.lock", exclusive: true)
                ?? throw new LockStoreException($"{full} is in use by another process; ask the server that runs instead, or share etcd between several");
            return new FileSemaphoreStore(directory, fileLock, name);
        }
        catch
        {
            fileLock?.Dispose();
            directory.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public async Task<StoredSemaphore> ReadAsync(string group, CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            return Find(group);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <inheritdoc/>
    public async Task<SwapResult> SwapAsync(string group, long revision, RebootSemaphore value, CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            StoredSemaphore current = Find(group);
            if (current.Revision != revision)
            {
                return new SwapResult(false, current);
            }

            var changed = new SortedDictionary<string, StoreDocument.Entry>(_groups, StringComparer.Ordinal) { [group] = new(revision + 1, value) };
            await Task.Run(() => Write(changed), CancellationToken.None).ConfigureAwait(false);
            _groups = changed;
            return new SwapResult(true, new StoredSemaphore(value, revision + 1));
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _lock.Dispose();
        _directory.Dispose();
        _turn.Dispose();
        return ValueTask.CompletedTask;
    }

    private StoredSemaphore Find(string group) => _groups.TryGetValue(group, out StoreDocument.Entry? entry) ? new StoredSemaphore(entry.Semaphore, entry.Revision) : default;

    private void Write(SortedDictionary<string, StoreDocument.Entry> groups)
    {
        try
        {
            byte[] content = JsonSerializer.SerializeToUtf8Bytes(new StoreDocument(StoreDocument.CurrentSchema, groups), FleetLockJson.Default.StoreDocument);
            _directory.WriteAllBytesAtomically(_name, content, mode: 0x180);
            _directory.Sync();
        }
        catch (IOException e)
        {
            throw new LockStoreException($"{Description} cannot be written", e);
        }
    }

    private SortedDictionary<string, StoreDocument.Entry> Load()
    {
        try
        {
            if (_directory.TryReadAllBytes(_name) is not { } content)
            {
                return new SortedDictionary<string, StoreDocument.Entry>(StringComparer.Ordinal);
            }

            StoreDocument document = JsonSerializer.Deserialize(content, FleetLockJson.Default.StoreDocument) ?? throw new JsonException("it is null");
            return document.Schema != StoreDocument.CurrentSchema ? throw new JsonException($"its schema is '{document.Schema}', not {StoreDocument.CurrentSchema}")
                : document.Groups is null || document.Groups.Values.Any(entry => entry is not { Revision: > 0, Semaphore: not null }) ? throw new JsonException("a group has no semaphore")
                : new SortedDictionary<string, StoreDocument.Entry>(document.Groups, StringComparer.Ordinal);
        }
        catch (JsonException e)
        {
            throw new LockStoreException($"{Description} is malformed: {e.Message}", e);
        }
    }
}
