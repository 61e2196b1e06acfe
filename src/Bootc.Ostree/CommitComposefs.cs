// The composefs image of a commit, exactly as libostree makes it.
using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using Bootc.Composefs;
using Bootc.Composefs.FsVerity;
using Bootc.Linux;
using Bootc.Ostree.Objects;
using Microsoft.Win32.SafeHandles;

namespace Bootc.Ostree;

/// <summary>
/// Composefs images of commits: regular files with content refer to their objects by path and fs-verity digest; the mount
/// points that a root needs are there (libostree's ostree-repo-composefs.c).
/// </summary>
public static class CommitComposefs
{
    /// <summary>The key of a commit's metadata that holds the fs-verity digest of its image.</summary>
    public const string DigestKey = "ostree.composefs.digest.v0";

    private static readonly string[] MountPoints = ["usr", "etc", "boot", "var", "sysroot"];

    /// <summary>The tree of a commit's image.</summary>
    /// <param name="repository">The repository.</param>
    /// <param name="commit">The commit.</param>
    /// <param name="facts">Spares looking at an object at all.</param>
    /// <param name="knownDigest">Spares reading a file's content; what it does not know is measured or computed.</param>
    /// <exception cref="OstreeException">An object is missing or corrupt.</exception>
    public static ComposefsNode BuildTree(
        Repository repository, Checksum commit, Func<Checksum, FileFacts?>? facts = null, Func<Checksum, VerityDigest?>? knownDigest = null)
    {
        Commit loaded = repository.LoadCommit(commit);
        return new Builder(new Reader(repository, null), facts, knownDigest).Build(loaded.RootTree, loaded.RootMeta);
    }

    /// <summary>The tree of the image of a directory whose objects may still be in a transaction.</summary>
    /// <inheritdoc cref="BuildTree(Repository, Checksum, Func{Checksum, FileFacts}, Func{Checksum, VerityDigest?})" path="/exception"/>
    public static ComposefsNode BuildTree(
        RepositoryTransaction transaction, Checksum tree, Checksum meta, Func<Checksum, FileFacts?>? facts = null, Func<Checksum, VerityDigest?>? knownDigest = null) =>
        new Builder(new Reader(transaction.Repository, transaction), facts, knownDigest).Build(tree, meta);

    /// <summary>Writes the image of a commit.</summary>
    /// <param name="repository">The repository.</param>
    /// <param name="commit">The commit.</param>
    /// <param name="like">A commit that may differ in little: what is the same is taken over from its image.</param>
    /// <param name="facts">Spares looking at an object at all.</param>
    /// <param name="knownDigest">Spares reading a file's content; what it does not know is measured or computed.</param>
    /// <exception cref="OstreeException">An object is missing or corrupt.</exception>
    public static UnnamedImage Write(
        Repository repository, Checksum commit, CommitImage? like, Func<Checksum, FileFacts?>? facts = null, Func<Checksum, VerityDigest?>? knownDigest = null)
    {
        Commit loaded = repository.LoadCommit(commit);
        return Write(new Reader(repository, null), loaded.RootTree, loaded.RootMeta, like, facts, knownDigest);
    }

    /// <summary>Writes the image of a directory whose objects may still be in a transaction.</summary>
    /// <param name="transaction">Has the directories' metadata, some of it staged.</param>
    /// <param name="tree">The directory.</param>
    /// <param name="meta">Its metadata.</param>
    /// <param name="like">A commit that may differ in little: what is the same is taken over from its image.</param>
    /// <param name="facts">Spares looking at an object at all.</param>
    /// <param name="knownDigest">Spares reading a file's content; what it does not know is measured or computed.</param>
    /// <exception cref="OstreeException">An object is missing or corrupt.</exception>
    public static UnnamedImage Write(
        RepositoryTransaction transaction, Checksum tree, Checksum meta, CommitImage? like, Func<Checksum, FileFacts?>? facts = null, Func<Checksum, VerityDigest?>? knownDigest = null) =>
        Write(new Reader(transaction.Repository, transaction), tree, meta, like, facts, knownDigest);

    private static UnnamedImage Write(Reader reader, Checksum tree, Checksum meta, CommitImage? like, Func<Checksum, FileFacts?>? facts, Func<Checksum, VerityDigest?>? knownDigest)
    {
        var builder = new Builder(reader, facts, knownDigest);
        if (like is not null)
        {
            Commit other = reader.Repository.LoadCommit(like.Commit);
            try
            {
                return UnnamedImage.Write(builder.Build(tree, meta, new Like(other.RootTree, other.RootMeta, like.Root)), reader.Repository.Directory);
            }
            catch (ComposefsFormatException)
            {
                // It has what images of commits do not have: then nothing of it is used.
            }
        }

        return UnnamedImage.Write(builder.Build(tree, meta), reader.Repository.Directory);
    }

    // A directory of a commit whose image is at hand, and the same directory there.
    private sealed record Like(Checksum Tree, Checksum Meta, ImageDirectory Directory);

    private sealed class Reader(Repository repository, RepositoryTransaction? transaction)
    {
        public Repository Repository { get; } = repository;

        public DirTree Tree(Checksum checksum) => transaction?.TryReadStagedTree(checksum) ?? Repository.LoadDirTree(checksum);
    }

    private sealed class Builder(Reader reader, Func<Checksum, FileFacts?>? facts, Func<Checksum, VerityDigest?>? knownDigest)
    {
        private const int ParallelDepth = 3;
        private readonly ConcurrentDictionary<Checksum, FileFacts> _read = new();
        private readonly ConcurrentDictionary<FileHeader, ComposefsNode> _likes = new();
        private volatile Tuple<FileHeader, ComposefsNode>? _last;

        public ComposefsNode Build(Checksum tree, Checksum meta, Like? like = null)
        {
            ComposefsNode root = BuildUnwrapped(tree, meta, like);
            foreach (string name in MountPoints)
            {
                if (!root.Children.ContainsKey(name))
                {
                    root.Add(name, new ComposefsNode(ModeBits.Directory | 0x1ED));
                }
            }

            return root;
        }

        // What is told is what went wrong, not that it went wrong on several threads.
        private ComposefsNode BuildUnwrapped(Checksum tree, Checksum meta, Like? like)
        {
            try
            {
                return BuildDirectory(tree, meta, like, depth: 0);
            }
            catch (AggregateException e)
            {
                ExceptionDispatchInfo.Throw(e.Flatten().InnerExceptions[0]);
                throw;
            }
        }

        private ComposefsNode BuildDirectory(Checksum tree, Checksum meta, Like? like, int depth)
        {
            DirMeta dirMeta = reader.Repository.LoadDirMeta(meta);
            var node = new ComposefsNode(LikeOf(new FileHeader(dirMeta.Uid, dirMeta.Gid, dirMeta.Mode, "", dirMeta.ExtendedAttributes)));
            DirTree names = reader.Tree(tree);
            DirTree? known = like is null ? null : reader.Tree(like.Tree);
            node.EnsureCapacity(names.Files.Count + names.Directories.Count);
            Dictionary<string, Checksum> knownFiles = known?.Files.ToDictionary(file => file.Name, file => file.File) ?? [];
            Dictionary<string, DirTreeDirectory> knownDirectories = known?.Directories.ToDictionary(directory => directory.Name) ?? [];
            foreach (DirTreeFile file in names.Files)
            {
                bool isKnown = knownFiles.TryGetValue(file.Name, out Checksum same) && same == file.File;
                node.Add(file.Name, isKnown && like!.Directory.TryGetNode(file.Name, out ComposefsNode? taken) ? taken : BuildFile(file.File));
            }

            var children = new ComposefsNode[names.Directories.Count];
            void BuildChild(int i)
            {
                DirTreeDirectory child = names.Directories[i];
                bool isKnown = knownDirectories.TryGetValue(child.Name, out DirTreeDirectory same);
                children[i] = isKnown && same.Tree == child.Tree && same.Meta == child.Meta && like!.Directory.TryGetNode(child.Name, out ComposefsNode? taken)
                    ? taken
                    : BuildDirectory(child.Tree, child.Meta, isKnown && like!.Directory.TryGetDirectory(child.Name) is { } directory ? new Like(same.Tree, same.Meta, directory) : null, depth + 1);
            }

            if (depth < ParallelDepth && children.Length > 1)
            {
                Parallel.For(0, children.Length, BuildChild);
            }
            else
            {
                for (int i = 0; i < children.Length; i++)
                {
                    BuildChild(i);
                }
            }

            for (int i = 0; i < children.Length; i++)
            {
                node.Add(names.Directories[i].Name, children[i]);
            }

            return node;
        }

        private ComposefsNode BuildFile(Checksum checksum)
        {
            FileFacts file = facts?.Invoke(checksum) ?? _read.GetOrAdd(checksum, ReadFacts);
            var node = new ComposefsNode(LikeOf(file.Header)) { Size = (ulong)file.Size };
            if (file.Header.IsSymbolicLink)
            {
                node.Payload = file.Header.LinkTarget;
            }
            else if (file.Size > 0 && !file.ChecksumAndDigest.IsEmpty)
            {
                node.ShareBackingObject(file.ChecksumAndDigest);
                return node;
            }
            else if (file.Size > 0)
            {
                node.SetBackingObject(Checksum.AsSpan(in checksum));
            }

            node.Digest = file.Verity;
            return node;
        }

        private FileFacts ReadFacts(Checksum checksum)
        {
            (FileHeader header, long size) = reader.Repository.LoadFileHeader(checksum);
            return new FileFacts(header, size, header.IsSymbolicLink || size == 0 ? null : DigestOf(checksum));
        }

        private VerityDigest DigestOf(Checksum checksum)
        {
            if (knownDigest?.Invoke(checksum) is { } known)
            {
                return known;
            }

            if (reader.Repository.Mode == RepositoryMode.Archive)
            {
                using Stream content = reader.Repository.OpenFileContent(checksum);
                return FileVerity.Compute(content);
            }

            using SafeFileHandle file = reader.Repository.OpenObject(new(checksum, ObjectType.File));
            return FileVerity.TryMeasure(file) ?? FileVerity.Compute(file);
        }

        // Owner, mode and labels are those of many others.
        private ComposefsNode LikeOf(FileHeader header)
        {
            if (_last is { } last && ReferenceEquals(last.Item1, header))
            {
                return last.Item2;
            }

            ComposefsNode like = _likes.GetOrAdd(header.IsSymbolicLink ? header with { LinkTarget = "" } : header, ToNode);
            _last = new(header, like);
            return like;
        }

        private static ComposefsNode ToNode(FileHeader header)
        {
            var node = new ComposefsNode(header.Mode) { Uid = header.Uid, Gid = header.Gid };
            foreach (ExtendedAttribute attribute in header.ExtendedAttributes)
            {
                node.SetExtendedAttribute(attribute.Name, attribute.Value);
            }

            return node;
        }
    }
}
