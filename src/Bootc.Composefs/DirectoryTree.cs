// The composefs tree of a directory: what mkcomposefs makes of one.
using System.Runtime.ExceptionServices;
using Bootc.Linux;

namespace Bootc.Composefs;

/// <summary>
/// Reads a directory as mkcomposefs does: content of up to 64 bytes is held inline, other files are named by their fs-verity
/// digests; hard links become files of their own. One thread walks, others read the files, one for each processor.
/// </summary>
public sealed class DirectoryTree
{
    private const int QueueLength = 128;
    private const int BatchSize = 64;

    private readonly DirectoryTreeOptions _options;
    private readonly BoundedQueue<FileBatch> _batches = new(QueueLength);

    private DirectoryTree(DirectoryTreeOptions options) => _options = options;

    /// <summary>Reads the directory at a path.</summary>
    /// <exception cref="LinuxException">Something in it cannot be read.</exception>
    /// <exception cref="ComposefsFormatException">Something in it is more than an image can describe.</exception>
    public static ComposefsNode Read(string path, DirectoryTreeOptions? options = null)
    {
        options ??= new DirectoryTreeOptions();
        if (options.SkipXattrs && options.UserXattrs)
        {
            throw new ArgumentException("extended attributes cannot be both left out and kept");
        }

        var root = new SharedDirectory(DirectoryHandle.Open(path));
        try
        {
            return new DirectoryTree(options).Read(root);
        }
        finally
        {
            root.Release();
        }
    }

    private ComposefsNode Read(SharedDirectory root)
    {
        if (_options.DigestStore is { } path)
        {
            Directory.CreateDirectory(path);
        }

        using DirectoryHandle? store = _options.DigestStore is { } folder ? DirectoryHandle.Open(folder) : null;
        ComposefsNode tree = MakeNode(root.Handle.GetStatus());
        Task[] workers = [.. Enumerable.Range(0, Environment.ProcessorCount).Select(_ => Task.Factory.StartNew(
            () => ReadBatches(store), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default))];
        try
        {
            Fill(tree, root);
        }
        finally
        {
            _batches.Complete();
            Task.WaitAll(workers.Select(worker => worker.ContinueWith(static _ => { }, TaskScheduler.Default)).ToArray());
        }

        if (workers.FirstOrDefault(worker => worker.IsFaulted)?.Exception is { } failure)
        {
            ExceptionDispatchInfo.Throw(failure.Flatten().InnerExceptions[0]);
        }

        return tree;
    }

    private void Fill(ComposefsNode node, SharedDirectory directory)
    {
        DirectoryHandle handle = directory.Handle;
        if (!_options.SkipXattrs)
        {
            AddAttributes(node, handle.Handle.GetExtendedAttributes(handle.DisplayPath), handle.DisplayPath);
        }

        var batch = new FileBatch(directory);
        foreach (DirectoryEntry entry in handle.List())
        {
            if (_options.SkipDevices && entry.Kind is FileKind.CharacterDevice or FileKind.BlockDevice)
            {
                continue;
            }

            FileStatus status = handle.GetStatus(entry.Name);
            ComposefsNode child = MakeNode(status);
            node.Add(entry.Name, child);
            if (child.Kind == FileKind.Directory)
            {
                FillBelow(child, handle, entry.Name);
                continue;
            }

            if (child.Kind == FileKind.Regular && child.Size > 0)
            {
                batch.Files.Add((child, entry.Name, status.IsSealed));
                if (batch.Files.Count == BatchSize)
                {
                    Enqueue(batch);
                    batch = new FileBatch(directory);
                }

                continue;
            }

            FillOther(child, handle, entry.Name);
        }

        Enqueue(batch);
    }

    private void FillBelow(ComposefsNode node, DirectoryHandle parent, string name)
    {
        var directory = new SharedDirectory(parent.OpenDirectory(name));
        try
        {
            Fill(node, directory);
        }
        finally
        {
            directory.Release();
        }
    }

    private void FillOther(ComposefsNode node, DirectoryHandle directory, string name)
    {
        if (!_options.SkipXattrs)
        {
            AddAttributes(node, directory.GetExtendedAttributes(name), $"{directory.DisplayPath}/{name}");
        }

        if (node.Kind == FileKind.SymbolicLink)
        {
            node.Payload = directory.ReadSymbolicLink(name);
        }
    }

    private void Enqueue(FileBatch batch)
    {
        if (batch.Files.Count == 0)
        {
            return;
        }

        batch.Directory.Share();
        if (!_batches.TryAdd(batch))
        {
            batch.Directory.Release(); // a file could not be read: the tree is not made
        }
    }

    private void ReadBatches(DirectoryHandle? store)
    {
        try
        {
            var reader = new DirectoryFileReader(store);
            while (_batches.TryTake(out FileBatch batch))
            {
                try
                {
                    ReadBatch(batch, reader);
                }
                finally
                {
                    batch.Directory.Release();
                }
            }
        }
        catch
        {
            _batches.Complete(); // the walk need not go on
            throw;
        }
    }

    private void ReadBatch(FileBatch batch, DirectoryFileReader reader)
    {
        DirectoryHandle directory = batch.Directory.Handle;
        foreach ((ComposefsNode node, string name, bool isSealed) in batch.Files)
        {
            using var file = directory.OpenFile(name);
            string path = $"{directory.DisplayPath}/{name}";
            if (!_options.SkipXattrs)
            {
                AddAttributes(node, file.GetExtendedAttributes(path), path);
            }

            reader.Read(node, file, isSealed, path);
        }
    }

    private ComposefsNode MakeNode(FileStatus status) => new(status.Mode)
    {
        Uid = status.Uid,
        Gid = status.Gid,
        Size = (ulong)status.Size,
        ModifiedSeconds = _options.UseEpoch ? 0 : status.ModifiedSeconds,
        ModifiedNanoseconds = _options.UseEpoch ? 0 : status.ModifiedNanoseconds,
        DeviceNumber = ((ulong)(status.DeviceMajor & 0xfffff000) << 32) | ((ulong)(status.DeviceMajor & 0xfff) << 8) | ((ulong)(status.DeviceMinor & 0xffffff00) << 12) | (status.DeviceMinor & 0xff),
    };

    private void AddAttributes(ComposefsNode node, IReadOnlyList<ExtendedAttribute> attributes, string path)
    {
        for (int i = 0; i < attributes.Count; i++)
        {
            if (_options.UserXattrs && !attributes[i].Name.StartsWith("user.", StringComparison.Ordinal))
            {
                continue;
            }

            try
            {
                node.SetExtendedAttribute(attributes[i].Name, attributes[i].Value);
            }
            catch (ComposefsFormatException e)
            {
                throw new ComposefsFormatException($"'{path}': {e.Message}", e);
            }
        }
    }

    /// <summary>Some files of one directory, to be read together.</summary>
    private readonly struct FileBatch(SharedDirectory directory)
    {
        public SharedDirectory Directory { get; } = directory;

        public List<(ComposefsNode Node, string Name, bool IsSealed)> Files { get; } = [];
    }

    /// <summary>An open directory, closed when the walk and all who read files of it are done.</summary>
    private sealed class SharedDirectory(DirectoryHandle handle)
    {
        private int _users = 1;

        public DirectoryHandle Handle { get; } = handle;

        public void Share() => Interlocked.Increment(ref _users);

        public void Release()
        {
            if (Interlocked.Decrement(ref _users) == 0)
            {
                Handle.Dispose();
            }
        }
    }
}
