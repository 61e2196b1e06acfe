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

    /// <summary>The tree of the image of a commit that differs in little from another one whose image is at hand.</summary>
    /// <param name="repository">The repository.</param>
    /// <param name="commit">The commit.</param>
    /// <param name="likeCommit">The other one.</param>
    /// <param name="likeRoot">The tree of its image, whose nodes become part of the new one.</param>
    /// <param name="facts">Spares looking at an object at all.</param>
    /// <param name="knownDigest">Spares reading a file's content; what it does not know is measured or computed.</param>
    /// <exception cref="OstreeException">An object is missing or corrupt.</exception>
    public static ComposefsNode BuildTree(
        Repository repository, Checksum commit, Checksum likeCommit, ComposefsNode likeRoot, Func<Checksum, FileFacts?>? facts = null, Func<Checksum, VerityDigest?>? knownDigest = null)
    {
        Commit loaded = repository.LoadCommit(commit);
        Commit like = repository.LoadCommit(likeCommit);
        return new Builder(new Reader(repository, null), facts, knownDigest).Build(loaded.RootTree, loaded.RootMeta, new Like(like.RootTree, like.RootMeta, likeRoot));
    }

    /// <summary>As the other, for a directory that differs in little from a commit whose image is at hand: what is the same is taken from there.</summary>
    /// <param name="transaction">Has the directories' metadata, some of it staged.</param>
    /// <param name="tree">The directory.</param>
    /// <param name="meta">Its metadata.</param>
    /// <param name="likeCommit">The commit.</param>
    /// <param name="likeRoot">The tree of its image, whose nodes become part of the new one.</param>
    /// <param name="facts">Spares looking at an object at all.</param>
    /// <param name="knownDigest">Spares reading a file's content; what it does not know is measured or computed.</param>
    /// <exception cref="OstreeException">An object is missing or corrupt.</exception>
    public static ComposefsNode BuildTree(
        RepositoryTransaction transaction, Checksum tree, Checksum meta, Checksum likeCommit, ComposefsNode likeRoot, Func<Checksum, FileFacts?>? facts = null, Func<Checksum, VerityDigest?>? knownDigest = null)
    {
        Commit commit = transaction.Repository.LoadCommit(likeCommit);
        return new Builder(new Reader(transaction.Repository, transaction), facts, knownDigest).Build(tree, meta, new Like(commit.RootTree, commit.RootMeta, likeRoot));
    }

    // A directory of a commit, and its node in the commit's image.
    private sealed record Like(Checksum Tree, Checksum Meta, ComposefsNode Node);

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
            if (like is not null && like.Tree == tree && like.Meta == meta)
            {
                return like.Node;
            }

            DirMeta dirMeta = reader.Repository.LoadDirMeta(meta);
            var node = new ComposefsNode(LikeOf(new FileHeader(dirMeta.Uid, dirMeta.Gid, dirMeta.Mode, "", dirMeta.ExtendedAttributes)));
            DirTree names = reader.Tree(tree);
            DirTree? known = like is null ? null : reader.Tree(like.Tree);
            node.EnsureCapacity(names.Files.Count + names.Directories.Count);
            Dictionary<string, Checksum> knownFiles = known?.Files.ToDictionary(file => file.Name, file => file.File) ?? [];
            Dictionary<string, Like> knownDirectories = known?.Directories
                .Where(directory => like!.Node.Children.ContainsKey(directory.Name))
                .ToDictionary(directory => directory.Name, directory => new Like(directory.Tree, directory.Meta, like!.Node.Children[directory.Name])) ?? [];
            foreach (DirTreeFile file in names.Files)
            {
                bool isKnown = knownFiles.TryGetValue(file.Name, out Checksum same) && same == file.File && like!.Node.Children.ContainsKey(file.Name);
                node.Add(file.Name, isKnown ? like!.Node.Children[file.Name] : BuildFile(file.File));
            }

            var children = new ComposefsNode[names.Directories.Count];
            void BuildChild(int i) =>
                children[i] = BuildDirectory(names.Directories[i].Tree, names.Directories[i].Meta, knownDirectories.GetValueOrDefault(names.Directories[i].Name), depth + 1);
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
