// The composefs tree of a directory: what mkcomposefs makes of one.
using System.Runtime.ExceptionServices;
using Bootc.Composefs.FsVerity;
using Bootc.Linux;
using Microsoft.Win32.SafeHandles;

namespace Bootc.Composefs;

/// <summary>
/// Reads a directory as mkcomposefs does: content of up to 64 bytes is held inline, other files are named by their fs-verity
/// digests; hard links become files of their own. Digests are computed on all processors.
/// </summary>
public static class DirectoryTree
{
    private const int QueueLength = 4096;

    /// <summary>Reads the directory at a path.</summary>
    /// <exception cref="LinuxException">Something in it cannot be read.</exception>
    public static ComposefsNode Read(string path, DirectoryTreeOptions? options = null)
    {
        options ??= new DirectoryTreeOptions();
        if (options.SkipXattrs && options.UserXattrs)
        {
            throw new ArgumentException("extended attributes cannot be both left out and kept");
        }

        using DirectoryHandle root = DirectoryHandle.Open(path);
        ComposefsNode tree = MakeNode(root.GetStatus(), root.Handle.GetExtendedAttributes(), options);
        if (options.DigestStore is { } storePath)
        {
            Directory.CreateDirectory(storePath);
        }

        using DirectoryHandle? store = options.DigestStore is { } folder ? DirectoryHandle.Open(folder) : null;
        var files = new BoundedQueue<(ComposefsNode Node, string Path)>(QueueLength);
        Task[] workers = [.. Enumerable.Range(0, Environment.ProcessorCount).Select(_ => Task.Factory.StartNew(
            () => MeasureAll(root, files, store), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default))];
        try
        {
            Fill(tree, root, "", files, options);
        }
        finally
        {
            files.Complete();
            Task.WaitAll(workers.Select(worker => worker.ContinueWith(static _ => { }, TaskScheduler.Default)).ToArray());
        }

        if (workers.FirstOrDefault(worker => worker.IsFaulted)?.Exception is { } failure)
        {
            ExceptionDispatchInfo.Throw(failure.Flatten().InnerExceptions[0]);
        }

        return tree;
    }

    private static void MeasureAll(DirectoryHandle root, BoundedQueue<(ComposefsNode Node, string Path)> files, DirectoryHandle? store)
    {
        try
        {
            while (files.TryTake(out (ComposefsNode Node, string Path) file))
            {
                Measure(root, file.Node, file.Path, store);
            }
        }
        catch
        {
            files.Complete(); // the walk need not go on
            throw;
        }
    }

    private static void Fill(ComposefsNode node, DirectoryHandle directory, string path, BoundedQueue<(ComposefsNode, string)> files, DirectoryTreeOptions options)
    {
        foreach (DirectoryEntry entry in directory.List())
        {
            if (options.SkipDevices && entry.Kind is FileKind.CharacterDevice or FileKind.BlockDevice)
            {
                continue;
            }

            string childPath = path.Length == 0 ? entry.Name : $"{path}/{entry.Name}";
            ComposefsNode child = MakeNode(directory.GetStatus(entry.Name), options.SkipXattrs ? [] : directory.GetExtendedAttributes(entry.Name), options);
            node.Add(entry.Name, child);
            switch (child.Kind)
            {
                case FileKind.Directory:
                    using (DirectoryHandle next = directory.OpenDirectory(entry.Name))
                    {
                        Fill(child, next, childPath, files, options);
                    }

                    break;
                case FileKind.SymbolicLink:
                    child.Payload = directory.ReadSymbolicLink(entry.Name);
                    break;
                case FileKind.Regular when child.Size > 0:
                    files.TryAdd((child, childPath));
                    break;
            }
        }
    }

    private static ComposefsNode MakeNode(FileStatus status, IReadOnlyList<ExtendedAttribute> attributes, DirectoryTreeOptions options)
    {
        var node = new ComposefsNode(status.Mode)
        {
            Uid = status.Uid,
            Gid = status.Gid,
            Size = (ulong)status.Size,
            ModifiedSeconds = options.UseEpoch ? 0 : status.ModifiedSeconds,
            ModifiedNanoseconds = options.UseEpoch ? 0 : status.ModifiedNanoseconds,
            DeviceNumber = ((ulong)(status.DeviceMajor & 0xfffff000) << 32) | ((ulong)(status.DeviceMajor & 0xfff) << 8) | ((ulong)(status.DeviceMinor & 0xffffff00) << 12) | (status.DeviceMinor & 0xff),
        };
        foreach (ExtendedAttribute attribute in options.SkipXattrs ? [] : attributes)
        {
            if (!options.UserXattrs || attribute.Name.StartsWith("user.", StringComparison.Ordinal))
            {
                node.SetExtendedAttribute(attribute.Name, attribute.Value);
            }
        }

        return node;
    }

    private static void Measure(DirectoryHandle root, ComposefsNode node, string path, DirectoryHandle? store)
    {
        using SafeFileHandle file = root.OpenFile(path);
        if (node.Size <= ComposefsNode.RecommendedInlineContent)
        {
            byte[] content = file.ReadToEnd(path);
            if ((ulong)content.Length != node.Size)
            {
                throw new ComposefsFormatException($"'{path}' changed while it was read");
            }

            VerityDigest small = VerityHasher.Compute(content);
            node.Digest = small;
            node.Payload = PathOf(small);
            node.Content = content;
            return;
        }

        VerityDigest digest = FileVerity.TryMeasure(file, path) ?? FileVerity.Compute(file, path);
        node.Digest = digest;
        node.Payload = PathOf(digest);
        if (store is not null)
        {
            Store(file, (long)node.Size, store, node.Payload, path);
        }
    }

    private static string PathOf(VerityDigest digest)
    {
        string hex = digest.ToString();
        return $"{hex[..2]}/{hex[2..]}";
    }

    private static void Store(SafeFileHandle source, long size, DirectoryHandle store, string name, string path)
    {
        if (store.Exists(name))
        {
            return;
        }

        using DirectoryHandle folder = store.EnsureDirectory(name[..2]);
        using SafeFileHandle copy = folder.CreateTemporaryFile();
        source.Seek(0, path);
        if (!copy.TryClone(source, path))
        {
            copy.CopyFrom(source, size, path);
        }

        copy.SetMode(0x1A4, path);
        copy.Sync(path);
        using SafeFileHandle sealable = DirectoryHandle.ReopenReadOnly(copy);
        copy.Dispose();
        sealable.TryEnableVerity(path);
        folder.TryLinkTemporaryFile(sealable, name[3..]);
    }
}
