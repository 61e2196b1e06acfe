// Commits a directory as `ostree commit --tree=dir` does, by the library's own means.
using Bootc.Linux;
using Bootc.Ostree.GVariant;
using Bootc.Ostree.Objects;
using Microsoft.Win32.SafeHandles;

namespace Bootc.Ostree.Tests;

internal static class TreeCommit
{
    /// <summary>Commits a directory to a ref.</summary>
    public static Checksum Write(Repository repository, string path, string refName, ulong timestamp = 0, Checksum? parent = null, VariantDictionary? metadata = null)
    {
        using RepositoryTransaction transaction = repository.BeginTransaction();
        Checksum commit = Write(transaction, path, refName, timestamp, parent, metadata);
        transaction.Commit();
        return commit;
    }

    public static Checksum Write(
        RepositoryTransaction transaction, string path, string refName, ulong timestamp = 0, Checksum? parent = null, VariantDictionary? metadata = null)
    {
        using DirectoryHandle directory = DirectoryHandle.Open(path);
        (Checksum tree, Checksum meta) = Read(transaction, directory).Write(transaction);
        metadata ??= new VariantDictionary { { "ostree.ref-binding", GVariantValue.FromStringArray([refName]) } };
        Checksum commit = transaction.WriteCommit(new Commit(metadata, parent, "a subject", "a body", timestamp, tree, meta));
        transaction.SetRef(refName, commit);
        return commit;
    }

    private static MutableTree Read(RepositoryTransaction transaction, DirectoryHandle directory)
    {
        bool onlyModes = transaction.Repository.Mode == RepositoryMode.BareUserOnly;
        FileStatus status = directory.GetStatus();
        var tree = new MutableTree
        {
            Meta = transaction.WriteDirMeta(onlyModes
                ? DirMeta.ForDirectory(0, 0, status.Permissions & 0x1FD)
                : DirMeta.ForDirectory(status.Uid, status.Gid, status.Permissions, ExtendedAttributeList.Create(directory.Handle.GetExtendedAttributes()))),
        };
        foreach (DirectoryEntry entry in directory.List())
        {
            if (entry.Kind == FileKind.Directory)
            {
                using DirectoryHandle child = directory.OpenDirectory(entry.Name);
                tree.ReplaceDirectory(entry.Name, Read(transaction, child));
            }
            else
            {
                tree.ReplaceFile(entry.Name, WriteFile(transaction, directory, entry.Name));
            }
        }

        return tree;
    }

    private static Checksum WriteFile(RepositoryTransaction transaction, DirectoryHandle directory, string name)
    {
        FileStatus status = directory.GetStatus(name);
        ExtendedAttributeList attributes = ExtendedAttributeList.Create(directory.GetExtendedAttributes(name));
        if (status.Kind == FileKind.SymbolicLink)
        {
            return transaction.WriteSymbolicLink(FileHeader.ForSymbolicLink(status.Uid, status.Gid, directory.ReadSymbolicLink(name), attributes)).Checksum;
        }

        using SafeFileHandle file = directory.OpenFile(name);
        using var content = new FileStream(file, FileAccess.Read, bufferSize: 0);
        return transaction.WriteFile(FileHeader.ForFile(status.Uid, status.Gid, status.Permissions, attributes), status.Size, content).Checksum;
    }
}
