// Looking things up in a commit by path, without checking it out.
using Bootc.Ostree.Objects;

namespace Bootc.Ostree;

/// <summary>The tree of a commit, read as far as it is looked into.</summary>
public sealed class CommitTree
{
    private readonly Repository _repository;

    internal CommitTree(Repository repository, Checksum tree, Checksum meta)
    {
        _repository = repository;
        RootTree = tree;
        RootMeta = meta;
    }

    /// <summary>The root's dirtree.</summary>
    public Checksum RootTree { get; }

    /// <summary>The root's dirmeta.</summary>
    public Checksum RootMeta { get; }

    /// <summary>The file or symbolic link at a path such as <c>usr/lib/os-release</c>; links on the way are not followed.</summary>
    public Checksum? TryGetFile(string path)
    {
        int slash = path.LastIndexOf('/');
        string name = path[(slash + 1)..];
        if (TryGetDirectory(slash < 0 ? "" : path[..slash]) is not { } directory)
        {
            return null;
        }

        foreach (DirTreeFile file in directory.Files)
        {
            if (file.Name == name)
            {
                return file.File;
            }
        }

        return null;
    }

    /// <summary>The directory at a path; the root for an empty one.</summary>
    public DirTree? TryGetDirectory(string path)
    {
        DirTree tree = _repository.LoadDirTree(RootTree);
        foreach (string component in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            if (FindDirectory(tree, component) is not { } next)
            {
                return null;
            }

            tree = _repository.LoadDirTree(next.Tree);
        }

        return tree;
    }

    /// <summary>The content of the file at a path, symbolic links followed within the tree; <see langword="null"/> when there is none.</summary>
    /// <param name="path">The path.</param>
    /// <param name="limit">More than this many bytes are an error.</param>
    /// <exception cref="OstreeException">The file is larger than <paramref name="limit"/>.</exception>
    public byte[]? TryReadFile(string path, long limit)
    {
        if (ResolveFile(path) is not { } file)
        {
            return null;
        }

        (_, long size) = _repository.LoadFileHeader(file);
        if (size > limit)
        {
            throw new OstreeException($"{path} has {size} bytes, more than the {limit} that are expected of it");
        }

        using Stream content = _repository.OpenFileContent(file);
        byte[] data = new byte[size];
        content.ReadExactly(data);
        return data;
    }

    /// <summary>The regular file at a path, symbolic links followed within the tree.</summary>
    public Checksum? ResolveFile(string path)
    {
        const int MaximumLinks = 40;
        var rest = new Stack<string>(path.Split('/', StringSplitOptions.RemoveEmptyEntries).Reverse());
        var at = new List<(string Name, Checksum Tree)> { ("", RootTree) };
        int links = 0;
        while (rest.TryPop(out string? name))
        {
            if (name is "." or "..")
            {
                if (name == ".." && at.Count > 1)
                {
                    at.RemoveAt(at.Count - 1);
                }

                continue;
            }

            DirTree tree = _repository.LoadDirTree(at[^1].Tree);
            if (FindDirectory(tree, name) is { } directory)
            {
                at.Add((name, directory.Tree));
                continue;
            }

            DirTreeFile file = tree.Files.FirstOrDefault(candidate => candidate.Name == name);
            if (file.Name is null)
            {
                return null;
            }

            FileHeader header = _repository.LoadFileHeader(file.File).Header;
            if (!header.IsSymbolicLink)
            {
                return rest.Count == 0 ? file.File : null;
            }

            if (++links > MaximumLinks)
            {
                return null;
            }

            if (header.LinkTarget.StartsWith('/'))
            {
                at.RemoveRange(1, at.Count - 1);
            }

            foreach (string component in header.LinkTarget.Split('/', StringSplitOptions.RemoveEmptyEntries).Reverse())
            {
                rest.Push(component);
            }
        }

        return null;
    }

    /// <summary>All paths of files and symbolic links with their objects, in the tree's order.</summary>
    public IEnumerable<KeyValuePair<string, Checksum>> Walk() => Walk("", RootTree);

    private static DirTreeDirectory? FindDirectory(DirTree tree, string name)
    {
        foreach (DirTreeDirectory directory in tree.Directories)
        {
            if (directory.Name == name)
            {
                return directory;
            }
        }

        return null;
    }

    private IEnumerable<KeyValuePair<string, Checksum>> Walk(string prefix, Checksum checksum)
    {
        DirTree tree = _repository.LoadDirTree(checksum);
        foreach (DirTreeFile file in tree.Files)
        {
            yield return KeyValuePair.Create(prefix + file.Name, file.File);
        }

        foreach (DirTreeDirectory directory in tree.Directories)
        {
            foreach (KeyValuePair<string, Checksum> entry in Walk($"{prefix}{directory.Name}/", directory.Tree))
            {
                yield return entry;
            }
        }
    }
}
