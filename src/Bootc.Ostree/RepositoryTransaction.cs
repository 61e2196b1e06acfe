// Writing to a repository: objects wait in a staging directory and appear together.
using System.Collections.Concurrent;
using Bootc.Linux;
using Bootc.Ostree.Objects;
using Microsoft.Win32.SafeHandles;

namespace Bootc.Ostree;

/// <summary>
/// A transaction on a repository. Its objects are written to a staging directory and become visible in
/// <see cref="Commit"/>, the refs after them; disposing without that leaves the repository as it was. Objects may be
/// written by several threads at once.
/// </summary>
public sealed partial class RepositoryTransaction : IDisposable
{
    private const long WriteBackBytes = 32 << 20;
    private const long WorthWriteBack = 4 << 20;

    private readonly Repository _repository;
    private readonly FileLock? _lock;
    private readonly StagingDirectory _staging;
    private readonly ConcurrentBag<ObjectName> _stagedCommits = [];
    private readonly ConcurrentDictionary<Checksum, DirTree> _stagedTrees = new();
    private readonly Dictionary<string, Checksum?> _refs = [];
    private readonly IReadOnlySet<ObjectName> _damaged;
    private readonly HashSet<string> _damagedFiles;
    private readonly bool _mustSpareSpace;
    private long _usableSpace;
    private long _metadataWritten;
    private long _metadataTotal;
    private long _contentWritten;
    private long _contentTotal;
    private long _contentBytes;
    private long _notWrittenBack;
    private int _isWritingBack;
    private Task _writeBack = Task.CompletedTask;
    private volatile bool _isForgotten;
    private bool _ended;

    internal RepositoryTransaction(Repository repository, FileLock? heldLock, IReadOnlySet<ObjectName> damaged)
    {
        _repository = repository;
        _lock = heldLock;
        _damaged = damaged;
        _damagedFiles = [.. damaged.Select(name => name.PathIn(repository.Mode))];
        try
        {
            if (repository.Mode == RepositoryMode.BareSplitXattrs)
            {
                throw new RepositoryFormatException($"the repository {repository} has the mode bare-split-xattrs, which this program does not write");
            }

            FileSystemSpace space = FileSystemSpace.Of(repository.Directory);
            long reserved = repository.Config.ReservedBytes(space.Total);
            _mustSpareSpace = reserved > 0;
            _usableSpace = space.Usable - reserved;
            StagingDirectory.CleanUp(repository.Directory);
            _staging = StagingDirectory.Allocate(repository.Directory);
        }
        catch
        {
            heldLock?.Dispose();
            throw;
        }
    }

    /// <summary>The repository that is written to.</summary>
    public Repository Repository => _repository;

    /// <summary>Whether the repository gives all directories that were written here though they are not visible yet: it remembers them, up to a limit.</summary>
    public bool IsRemembered => !_isForgotten;

    /// <summary>Whether an object is in the repository or waits in this transaction.</summary>
    public bool HasObject(ObjectName name) => IsInRepository(name) || IsStaged(name);

    /// <summary>Writes a directory's names.</summary>
    public Checksum WriteDirTree(DirTree tree)
    {
        Checksum checksum = WriteMetadata(ObjectType.DirTree, tree.Serialize(), out bool isStaged);
        if (isStaged && _stagedTrees.TryAdd(checksum, tree))
        {
            Remember(_repository.Remember(checksum, tree)); // what it is does not depend on whether it is visible
        }

        return checksum;
    }

    /// <summary>A directory's names that this transaction wrote, which the repository does not show yet.</summary>
    internal DirTree? TryReadStagedTree(Checksum checksum) => _stagedTrees.GetValueOrDefault(checksum);

    /// <summary>Writes a directory's metadata.</summary>
    public Checksum WriteDirMeta(DirMeta meta)
    {
        Checksum checksum = WriteMetadata(ObjectType.DirMeta, meta.Serialize(), out bool isStaged);
        if (isStaged)
        {
            Remember(_repository.Remember(checksum, meta));
        }

        return checksum;
    }

    /// <summary>Writes a commit.</summary>
    public Checksum WriteCommit(Commit commit) => WriteMetadata(ObjectType.Commit, commit.Serialize());

    /// <summary>Writes a metadata object from its bytes.</summary>
    public Checksum WriteMetadata(ObjectType type, ReadOnlySpan<byte> data) => WriteMetadata(type, data, out _);

    /// <summary>Checks that the repository and this transaction have all that a commit needs, in a tree that a file system can hold.</summary>
    /// <exception cref="OstreeException">They do not; the message says what is missing, and where.</exception>
    public void RequireComplete(Commit commit) => new CommitCompleteness(this).Require(commit);

    /// <summary>Makes a ref stand for a commit when the transaction is committed; <see langword="null"/> deletes it.</summary>
    public void SetRef(string refSpec, Checksum? commit)
    {
        _ = Repository.PathOfRef(refSpec);
        _refs[refSpec] = commit;
    }

    /// <summary>Lets the disk begin with what was written so far, where that is much, while more is made; called when nobody writes files.</summary>
    public void BeginWriteBack()
    {
        if (_repository.Config.DisableFsync || Interlocked.Read(ref _notWrittenBack) < WorthWriteBack)
        {
            return;
        }

        Task before = _writeBack;
        _writeBack = Task.Run(async () =>
        {
            await before.ConfigureAwait(false);
            _repository.Directory.SyncFilesystem();
        });
    }

    /// <summary>
    /// Makes all objects visible, then the refs. Everything is on disk before anything refers to it, so that a power cut
    /// leaves either the old refs or the new ones with all that they need.
    /// </summary>
    public TransactionStatistics Commit()
    {
        MakeVisible();
        using (RefChanges refs = _repository.PrepareRefs(_refs))
        {
            Sync(); // names, before refs need them; all at once, since a call for each directory would be one write of the journal for each
            refs.Apply();
        }

        return Complete();
    }

    /// <summary>
    /// Makes all objects visible, of which only the contents are on disk then: for whoever makes refs to them next, with
    /// <see cref="Commit"/> of another transaction or with <see cref="Repository.SetRefs"/>, which put the names on disk as well.
    /// </summary>
    /// <exception cref="InvalidOperationException">This transaction has refs to change itself.</exception>
    public TransactionStatistics Publish()
    {
        if (_refs.Count > 0)
        {
            throw new InvalidOperationException("refs have to be committed with the objects that they stand for");
        }

        MakeVisible();
        return Complete();
    }

    /// <summary>Ends the transaction; what was not committed is removed.</summary>
    public void Dispose()
    {
        if (!_ended)
        {
            ((IAsyncResult)_writeBack).AsyncWaitHandle.WaitOne();
            _staging.Remove();
        }

        End();
    }

    private Checksum WriteMetadata(ObjectType type, ReadOnlySpan<byte> data, out bool isStaged)
    {
        Interlocked.Increment(ref _metadataTotal);
        var name = new ObjectName(Checksum.Compute(data), type);
        isStaged = !IsInRepository(name);
        if (!isStaged)
        {
            return name.Checksum;
        }

        DirectoryHandle directory = DirectoryFor(name, out string fileName);
        using SafeFileHandle? file = directory.TryCreateFile(fileName, 0x1A4);
        if (file is null)
        {
            return name.Checksum;
        }

        file.WriteFully(data, name.ToString());
        if (!IsCreatedWith(0x1A4))
        {
            file.SetMode(0x1A4, name.ToString());
        }

        SyncObject(file, name);
        Interlocked.Increment(ref _metadataWritten);
        if (type == ObjectType.Commit)
        {
            _stagedCommits.Add(name);
        }

        return name.Checksum;
    }

    // What is damaged there is as good as missing.
    private bool IsInRepository(ObjectName name) => !_damaged.Contains(name) && _repository.HasObject(name);

    // The staging directory itself is the list of what is staged: one in memory would grow with the image. Who writes an object creates its
    // name, and where that is taken, it was written before, or another thread writes it.
    private bool IsStaged(ObjectName name)
    {
        string path = name.PathIn(_repository.Mode);
        Checksum checksum = name.Checksum;
        return _staging.TryObjectDirectory(Checksum.AsSpan(in checksum)[0])?.Exists(path[3..]) == true;
    }

    // Lets the disk work while the processor does: otherwise all would wait for Commit.
    private void CountForWriteBack(long size)
    {
        if (_repository.Config.DisableFsync || Interlocked.Add(ref _notWrittenBack, size) < WriteBackBytes || Interlocked.Exchange(ref _isWritingBack, 1) == 1)
        {
            return;
        }

        Interlocked.Exchange(ref _notWrittenBack, 0);
        _writeBack = Task.Run(() =>
        {
            _repository.Directory.SyncFilesystem();
            Volatile.Write(ref _isWritingBack, 0);
        });
    }

    private void End()
    {
        if (_ended)
        {
            return;
        }

        _ended = true;
        _stagedTrees.Clear();
        _staging.Dispose();
        _lock?.Dispose();
    }

    private void Remember(bool isRemembered)
    {
        if (!isRemembered)
        {
            _isForgotten = true;
        }
    }

    private void MakeVisible()
    {
        ObjectDisposedException.ThrowIf(_ended, this);
        _writeBack.Wait();
        Sync(); // contents, before they have the names under which they are found
        PublishObjects();
    }

    private TransactionStatistics Complete()
    {
        _staging.Remove();
        End();
        return new TransactionStatistics(_metadataWritten, _metadataTotal, _contentWritten, _contentTotal, _contentBytes);
    }

    private void Sync()
    {
        if (!_repository.Config.DisableFsync)
        {
            _repository.Directory.SyncFilesystem();
        }
    }

    // Commits come last: where one is, all that it is made of is as well, whenever the program is killed.
    private void PublishObjects()
    {
        foreach (ObjectName commit in _stagedCommits)
        {
            DirectoryFor(commit, out string fileName).Rename(fileName, _staging.Directory, commit.ToString());
        }

        PublishPrefixes();
        foreach (ObjectName commit in _stagedCommits)
        {
            string path = commit.PathIn(_repository.Mode);
            using DirectoryHandle target = _repository.ObjectsDirectory.EnsureDirectory(path[..2], 0x1FD);
            Publish(_staging.Directory, commit.ToString(), target, path);
        }
    }

    private void PublishPrefixes()
    {
        foreach (byte prefix in _staging.UsedPrefixes())
        {
            string name = Convert.ToHexStringLower([prefix]);
            DirectoryHandle source = _staging.ObjectDirectory(prefix);
            if (TryPublishWhole(name))
            {
                continue;
            }

            using DirectoryHandle target = _repository.ObjectsDirectory.OpenDirectory(name);
            foreach (DirectoryEntry entry in source.List())
            {
                Publish(source, entry.Name, target, $"{name}/{entry.Name}");
            }
        }
    }

    // In a repository that has no object of a prefix yet, the directory moves as one.
    private bool TryPublishWhole(string name)
    {
        if (_repository.ObjectsDirectory.Exists(name))
        {
            return false;
        }

        try
        {
            _staging.Directory.Rename(name, _repository.ObjectsDirectory, name, RenameOptions.NoReplace);
            return true;
        }
        catch (LinuxException e) when (e.Error == Errno.EEXIST)
        {
            return false;
        }
    }

    // An object that came to be there meanwhile keeps its inode: it has the same content. What is known to be damaged gives way.
    private void Publish(DirectoryHandle source, string name, DirectoryHandle target, string path)
    {
        string newName = path[3..];
        try
        {
            source.Rename(name, target, newName, _damagedFiles.Contains(path) ? RenameOptions.None : RenameOptions.NoReplace);
        }
        catch (LinuxException e) when (e.Error == Errno.EEXIST)
        {
            source.RemoveFile(name);
        }
    }

    private DirectoryHandle DirectoryFor(ObjectName name, out string fileName)
    {
        string path = name.PathIn(_repository.Mode);
        fileName = path[3..];
        Checksum checksum = name.Checksum;
        return _staging.ObjectDirectory(Checksum.AsSpan(in checksum)[0]);
    }

    private void SyncObject(SafeFileHandle file, ObjectName name)
    {
        if (_repository.Config.PerObjectFsync && !_repository.Config.DisableFsync)
        {
            file.Sync(name.ToString());
        }
    }

    private void ReserveSpace(long size)
    {
        if (_mustSpareSpace && Interlocked.Add(ref _usableSpace, -size) < 0)
        {
            throw new InsufficientSpaceException(_repository.ToString(), size, Math.Max(0, _usableSpace + size));
        }
    }
}
