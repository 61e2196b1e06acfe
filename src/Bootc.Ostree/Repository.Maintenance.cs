// Checking trees out, removing what nothing needs, and checking what is there.
using Bootc.Linux;
using Bootc.Ostree.Objects;

namespace Bootc.Ostree;

public sealed partial class Repository
{
    /// <summary>Makes the files of a commit.</summary>
    /// <param name="commit">The commit.</param>
    /// <param name="parent">Where.</param>
    /// <param name="name">The name of the new directory; <c>.</c> fills <paramref name="parent"/> itself.</param>
    /// <param name="options">How.</param>
    /// <exception cref="OstreeException">An object is missing or corrupt.</exception>
    public void CheckoutTree(Checksum commit, DirectoryHandle parent, string name, CheckoutOptions? options = null) =>
        new TreeCheckout(this, options ?? new CheckoutOptions()).Run(commit, parent, name);

    /// <summary>Removes the objects that no ref needs, as <c>ostree prune --refs-only</c> does.</summary>
    /// <param name="depth">How many parents of each commit are kept; -1 keeps all.</param>
    /// <param name="dryRun">Nothing is removed, only counted.</param>
    public PruneResult Prune(int depth = -1, bool dryRun = false)
    {
        using FileLock? held = Lock(exclusive: true);
        var reachable = new Reachability(this);
        foreach ((_, Checksum commit) in ListRefs())
        {
            reachable.Add(commit, depth);
        }

        long total = 0;
        long deleted = 0;
        long bytes = 0;
        foreach (DirectoryEntry prefix in _objects.List())
        {
            foreach (ObjectName name in prefix.Name.Length == 2 ? ListObjects(prefix.Name) : [])
            {
                total++;
                if (reachable.Objects.Contains(name))
                {
                    continue;
                }

                string path = name.PathIn(Mode);
                bytes += _objects.TryGetStatus(path)?.Size ?? 0;
                deleted++;
                if (!dryRun)
                {
                    _objects.RemoveTree(path);
                    if (name.Type == ObjectType.Commit)
                    {
                        MarkPartial(name.Checksum, false);
                    }
                }
            }
        }

        return new PruneResult(total, deleted, bytes);
    }

    /// <summary>Checks all objects, as <c>ostree fsck</c> does, on all processors.</summary>
    public FsckResult Fsck(FsckOptions? options = null) => new RepositoryCheck(this, options ?? new FsckOptions()).Run();
}
