// Whether all that a commit needs is there, and whether its tree is one that a file system can hold.
using Bootc.Ostree.Objects;

namespace Bootc.Ostree;

/// <summary>
/// Follows a commit's tree, each dirtree once however often it occurs, without recursion: objects may come from anywhere, and
/// few of them can describe a tree that is endlessly deep or large.
/// </summary>
internal sealed class CommitCompleteness(RepositoryTransaction transaction)
{
    private const int MaximumDepth = 2048; // more components than PATH_MAX has room for
    private const long MaximumEntries = 5_000_000; // whoever goes through the tree has all of them in memory

    private readonly Dictionary<Checksum, (long Entries, int Depth)> _shapes = [];

    /// <summary>Checks a commit.</summary>
    /// <exception cref="OstreeException">An object is missing or corrupt, or the tree is too deep or too large.</exception>
    public void Require(Commit commit)
    {
        RequireObject(new(commit.RootMeta, ObjectType.DirMeta), "");
        var open = new Stack<Frame>();
        open.Push(Open(commit.RootTree, ""));
        while (open.TryPeek(out Frame? frame))
        {
            if (frame.Next == frame.Names.Directories.Count)
            {
                open.Pop();
                _shapes[frame.Tree] = (frame.Entries, frame.Depth);
                if (open.TryPeek(out Frame? parent))
                {
                    parent.Add(frame.Entries, frame.Depth);
                    RequireSize(parent, open.Count);
                }

                continue;
            }

            DirTreeDirectory directory = frame.Names.Directories[frame.Next++];
            string path = $"{frame.Path}{directory.Name}/";
            RequireObject(new(directory.Meta, ObjectType.DirMeta), path);
            if (_shapes.TryGetValue(directory.Tree, out var known))
            {
                frame.Add(known.Entries, known.Depth);
            }
            else
            {
                open.Push(Open(directory.Tree, path));
            }

            RequireSize(frame, open.Count);
        }
    }

    private static void RequireSize(Frame frame, int depth)
    {
        if (depth > MaximumDepth || frame.Depth > MaximumDepth || frame.Entries > MaximumEntries)
        {
            throw new OstreeException($"the tree below '{Show(frame.Path)}' is deeper or larger than that of any image");
        }
    }

    private Frame Open(Checksum tree, string path)
    {
        var name = new ObjectName(tree, ObjectType.DirTree);
        if (transaction.TryReadStagedTree(tree) is not { } names)
        {
            RequireObject(name, path);
            names = transaction.Repository.LoadDirTree(tree);
        }

        foreach (DirTreeFile file in names.Files)
        {
            RequireObject(new(file.File, ObjectType.File), path + file.Name);
        }

        return new Frame(tree, path, names);
    }

    private void RequireObject(ObjectName name, string path)
    {
        if (!transaction.HasObject(name))
        {
            throw new OstreeException($"object {name}, which /{Show(path)} needs, is missing");
        }
    }

    private static string Show(string path) => path.Length <= 200 ? path.TrimEnd('/') : $"{path[..200]}…";

    private sealed class Frame(Checksum tree, string path, DirTree names)
    {
        public Checksum Tree { get; } = tree;

        public string Path { get; } = path;

        public DirTree Names { get; } = names;

        public int Next { get; set; }

        public long Entries { get; private set; } = names.Files.Count + names.Directories.Count;

        public int Depth { get; private set; } = 1;

        public void Add(long entries, int depth)
        {
            Entries += entries;
            Depth = Math.Max(Depth, depth + 1);
        }
    }
}
