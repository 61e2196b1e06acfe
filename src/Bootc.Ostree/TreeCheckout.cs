// Makes files and directories of a commit's tree.
using System.Runtime.ExceptionServices;
using Bootc.Linux;
using Bootc.Ostree.Objects;
using Microsoft.Win32.SafeHandles;

namespace Bootc.Ostree;

/// <summary>
/// Checks trees out as <c>ostree_repo_checkout_at</c> does: regular files of a bare repository as hard links, empty ones as
/// copies (so that no inode gets more links than the file system allows), directories with their metadata set last.
/// </summary>
internal sealed class TreeCheckout(Repository repository, CheckoutOptions options)
{
    private const string QuotedWhiteoutPrefix = ".ostree-wh.";
    private const int WorthAThread = 24; // names in a directory
    private const uint OwnerMode = 0x1C0; // 0700
    private const uint OpenMode = 0x1ED; // 0755

    private static readonly uint ModeMask = CurrentProcess.FileModeMask;

    private int _spareThreads = Environment.ProcessorCount - 1;
    private volatile Creation? _creation;

    public void Run(Commit commit, DirectoryHandle parent, string name) => Run(commit.RootTree, commit.RootMeta, parent, name);

    public void Run(Checksum rootTree, Checksum rootMeta, DirectoryHandle parent, string name)
    {
        (Checksum tree, Checksum meta) = Find(rootTree, rootMeta, options.Subpath);
        try
        {
            CheckoutDirectory(tree, meta, parent, name);
        }
        catch (AggregateException e)
        {
            ExceptionDispatchInfo.Throw(e.Flatten().InnerExceptions[0]);
        }
    }

    private (Checksum Tree, Checksum Meta) Find(Checksum tree, Checksum meta, string subpath)
    {
        foreach (string component in subpath.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            DirTreeDirectory found = repository.LoadDirTree(tree).Directories.FirstOrDefault(directory => directory.Name == component);
            if (found.Name is null)
            {
                throw new OstreeException($"the commit has no directory '{subpath}'");
            }

            (tree, meta) = (found.Tree, found.Meta);
        }

        return (tree, meta);
    }

    private void CheckoutDirectory(Checksum tree, Checksum metaChecksum, DirectoryHandle parent, string name)
    {
        DirTree names = repository.LoadDirTree(tree);
        DirMeta meta = repository.LoadDirMeta(metaChecksum);
        bool created = name != "." && MakeDirectory(parent, name, CreationMode(meta));
        using DirectoryHandle directory = name == "." ? parent.Reopen() : parent.OpenDirectory(name);
        foreach (DirTreeFile file in names.Files)
        {
            CheckoutFile(file.File, directory, file.Name);
        }

        CheckoutDirectories(names.Directories, directory);
        if (created)
        {
            SetMetadata(directory, meta);
        }
    }

    // A thread that is free takes over the next directory in which there is something to do.
    private void CheckoutDirectories(IReadOnlyList<DirTreeDirectory> directories, DirectoryHandle parent)
    {
        List<Task>? others = null;
        try
        {
            foreach (DirTreeDirectory child in directories)
            {
                if (IsWorthAThread(child) && TryTakeThread())
                {
                    (others ??= []).Add(Task.Run(() => CheckoutOnOwnThread(child, parent)));
                }
                else
                {
                    CheckoutDirectory(child.Tree, child.Meta, parent, child.Name);
                }
            }
        }
        finally
        {
            WaitFor(others);
        }
    }

    private bool IsWorthAThread(DirTreeDirectory directory)
    {
        DirTree names = repository.LoadDirTree(directory.Tree);
        return names.Files.Count + names.Directories.Count >= WorthAThread;
    }

    private bool TryTakeThread()
    {
        if (Interlocked.Decrement(ref _spareThreads) >= 0)
        {
            return true;
        }

        Interlocked.Increment(ref _spareThreads);
        return false;
    }

    private void CheckoutOnOwnThread(DirTreeDirectory directory, DirectoryHandle parent)
    {
        try
        {
            CheckoutDirectory(directory.Tree, directory.Meta, parent, directory.Name);
        }
        finally
        {
            Interlocked.Increment(ref _spareThreads);
        }
    }

    private void WaitFor(List<Task>? others)
    {
        if (others is not null)
        {
            Interlocked.Increment(ref _spareThreads); // who waits lets another one work
            try
            {
                Task.WaitAll(others);
            }
            finally
            {
                Interlocked.Decrement(ref _spareThreads);
            }
        }
    }

    private void SetMetadata(DirectoryHandle directory, DirMeta meta)
    {
        foreach (ExtendedAttribute attribute in meta.ExtendedAttributes)
        {
            directory.Handle.SetExtendedAttribute(attribute.Name, attribute.Value, directory.DisplayPath);
        }

        // A new tree belongs to one owner at first; between directories that were there, each may follow the one above it.
        Creation made = options.Union ? Creation.Of(directory, meta) : _creation ??= Creation.Of(directory, meta);
        bool isOthers = (made.Uid, made.Gid) != (meta.Uid, meta.Gid);
        if (isOthers)
        {
            directory.Handle.SetOwner(meta.Uid, meta.Gid, directory.DisplayPath);
        }

        // What creating it gave already needs no call: on a whole tree that is most directories.
        if (isOthers || !made.KeepsMode || CreationMode(meta) != (meta.Mode & ModeBits.PermissionMask))
        {
            directory.Handle.SetMode(meta.Mode, directory.DisplayPath);
        }

        directory.Handle.SetModifiedTime(0, 0, directory.DisplayPath);
    }

    private bool MakeDirectory(DirectoryHandle parent, string name, uint mode)
    {
        if (!options.Union)
        {
            parent.CreateDirectory(name, mode);
            return true;
        }

        return parent.TryCreateDirectory(name, mode);
    }

    // The mode that it will have, where it can be made with that and nobody else could write to it; otherwise it is its maker's until it is whole.
    private static uint CreationMode(DirMeta meta)
    {
        uint mode = meta.Mode & ModeBits.PermissionMask;
        return (mode & ~OpenMode) == 0 && (mode & OwnerMode) == OwnerMode && (mode & ModeMask) == 0 ? mode : OwnerMode;
    }

    private void CheckoutFile(Checksum checksum, DirectoryHandle directory, string name)
    {
        if (options.Union)
        {
            directory.TryRemoveFile(name);
        }

        bool isLinkable = repository.Mode is RepositoryMode.Bare or RepositoryMode.BareUserOnly;
        bool mayLink = isLinkable && !options.ForceCopy && !name.StartsWith(QuotedWhiteoutPrefix, StringComparison.Ordinal);
        if (mayLink && TryLink(checksum, directory, name))
        {
            return;
        }

        (FileHeader header, long size) = options.Facts?.Invoke(checksum) is { } facts ? (facts.Header, facts.Size) : repository.LoadFileHeader(checksum);
        if (header.IsSymbolicLink)
        {
            MakeSymbolicLink(header, directory, name);
        }
        else if (name.StartsWith(QuotedWhiteoutPrefix, StringComparison.Ordinal) && name.Length > QuotedWhiteoutPrefix.Length)
        {
            MakeWhiteout(header, directory, name[QuotedWhiteoutPrefix.Length..]);
        }
        else
        {
            Copy(checksum, header, size, directory, name);
        }
    }

    private bool TryLink(Checksum checksum, DirectoryHandle directory, string name)
    {
        string path = new ObjectName(checksum, ObjectType.File).PathIn(RepositoryMode.Bare);
        if (IsEmptyFile(checksum, path))
        {
            return false;
        }

        try
        {
            repository.ObjectsDirectory.CreateHardLink(path, directory, name);
            return true;
        }
        catch (LinuxException e) when (e.Error is Errno.EMLINK or Errno.EXDEV or Errno.EPERM)
        {
            return false;
        }
    }

    private bool IsEmptyFile(Checksum checksum, string path)
    {
        if (options.Facts?.Invoke(checksum) is { } facts)
        {
            return facts.Size == 0 && !facts.Header.IsSymbolicLink;
        }

        FileStatus status = repository.ObjectsDirectory.TryGetStatus(path) ?? throw new ObjectNotFoundException(new(checksum, ObjectType.File), repository.ToString());
        return status.Kind == FileKind.Regular && status.Size == 0;
    }

    private void Copy(Checksum checksum, FileHeader header, long size, DirectoryHandle directory, string name)
    {
        // In a new tree, which nobody looks at before it is whole, a file may have its name from the beginning.
        using SafeFileHandle file = options.Union ? directory.CreateTemporaryFile() : directory.CreateFile(name, 0x180);
        if (size > 0)
        {
            CopyContent(checksum, size, file, directory.DisplayPath + "/" + name);
        }

        file.SetOwner(header.Uid, header.Gid, name);
        file.SetMode(header.Mode, name);
        foreach (ExtendedAttribute attribute in header.ExtendedAttributes)
        {
            file.SetExtendedAttribute(attribute.Name, attribute.Value, name);
        }

        if (options.Union)
        {
            directory.LinkTemporaryFile(file, name);
        }
    }

    private void CopyContent(Checksum checksum, long size, SafeFileHandle file, string path)
    {
        if (repository.Mode == RepositoryMode.Archive)
        {
            using Stream content = repository.OpenFileContent(checksum);
            content.CopyTo(new UnownedFileStream(file));
            return;
        }

        using SafeFileHandle source = repository.OpenObject(new(checksum, ObjectType.File));
        if (!file.TryClone(source, path))
        {
            file.CopyFrom(source, size, path);
        }
    }

    private static void MakeSymbolicLink(FileHeader header, DirectoryHandle directory, string name)
    {
        directory.CreateSymbolicLink(header.LinkTarget, name);
        directory.SetOwner(name, header.Uid, header.Gid);
        foreach (ExtendedAttribute attribute in header.ExtendedAttributes)
        {
            directory.SetExtendedAttribute(name, attribute.Name, attribute.Value);
        }
    }

    // A whiteout of overlayfs cannot be an object; it stands in commits as a file with a quoted name.
    private static void MakeWhiteout(FileHeader header, DirectoryHandle directory, string name)
    {
        directory.CreateDeviceNode(name, ModeBits.CharacterDevice | (header.Mode & ModeBits.PermissionMask), 0, 0);
        directory.SetOwner(name, header.Uid, header.Gid);
        directory.SetMode(name, header.Mode);
    }

    // What directories get when they are made; a group or a list of accesses that is inherited shows in the mode.
    private sealed record Creation(uint Uid, uint Gid, bool KeepsMode)
    {
        public static Creation Of(DirectoryHandle directory, DirMeta meta)
        {
            FileStatus status = directory.GetStatus();
            return new Creation(status.Uid, status.Gid, status.Permissions == CreationMode(meta));
        }
    }
}
