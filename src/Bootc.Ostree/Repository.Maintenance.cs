// Checking trees out, removing what nothing needs, checking and sealing what is there.
using Bootc.Linux;
using Bootc.Ostree.Objects;
using Microsoft.Win32.SafeHandles;

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
        new TreeCheckout(this, options ?? new CheckoutOptions()).Run(LoadCommit(commit), parent, name);

    /// <summary>Makes the files of a tree whose commit may not be visible yet.</summary>
    /// <param name="tree">The tree's root.</param>
    /// <param name="meta">Its metadata.</param>
    /// <param name="parent">Where.</param>
    /// <param name="name">The name of the new directory; <c>.</c> fills <paramref name="parent"/> itself.</param>
    /// <param name="options">How.</param>
    /// <exception cref="OstreeException">An object is missing or corrupt.</exception>
    public void CheckoutTree(Checksum tree, Checksum meta, DirectoryHandle parent, string name, CheckoutOptions? options = null) =>
        new TreeCheckout(this, options ?? new CheckoutOptions()).Run(tree, meta, parent, name);

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
        var unneeded = new List<ObjectName>();
        foreach (DirectoryEntry prefix in _objects.List())
        {
            foreach (ObjectName name in prefix.Name.Length == 2 ? ListObjects(prefix.Name) : [])
            {
                total++;
                if (!reachable.Objects.Contains(name))
                {
                    unneeded.Add(name);
                }
            }
        }

        // Commits first: one that is there has all that it consists of, whenever this ends.
        long bytes = 0;
        foreach (ObjectName name in unneeded.OrderBy(name => name.Type != ObjectType.Commit))
        {
            string path = name.PathIn(Mode);
            bytes += _objects.TryGetStatus(path)?.Size ?? 0;
            if (!dryRun)
            {
                _objects.RemoveTree(path);
                if (name.Type == ObjectType.Commit)
                {
                    MarkPartial(name.Checksum, false);
                }
            }
        }

        return new PruneResult(total, unneeded.Count, bytes);
    }

    /// <summary>Checks all objects, as <c>ostree fsck</c> does, on all processors.</summary>
    public FsckResult Fsck(FsckOptions? options = null) => new RepositoryCheck(this, options ?? new FsckOptions()).Run();

    /// <summary>Whether an object is there and has the checksum of its name.</summary>
    public bool IsSound(ObjectName name)
    {
        try
        {
            if (name.Type != ObjectType.File)
            {
                return Checksum.Compute(LoadMetadata(name)) == name.Checksum;
            }

            using var contents = new ContentChecksum(this);
            return contents.Compute(name.Checksum) == name.Checksum;
        }
        catch (Exception e) when (e is OstreeException or LinuxException)
        {
            return false;
        }
    }

    /// <summary>Whether the file system can seal files with fs-verity.</summary>
    public bool CanSeal()
    {
        using SafeFileHandle config = Directory.OpenFile("config");
        return config.SupportsVerity("config");
    }

    /// <summary>
    /// Seals all content objects with fs-verity, on all processors. One whose content is not right is not sealed but named. May
    /// run beside others that write, and may be killed: the next run goes on.
    /// </summary>
    /// <exception cref="SealingNotSupportedException">The file system has no fs-verity.</exception>
    public SealResult Seal(CancellationToken cancellation = default) => new RepositorySeal(this, cancellation).Run();

    /// <summary>
    /// Seals what came since <see cref="Seal"/>, then <paramref name="last"/> is done, and then the repository asks for fs-verity
    /// (<c>ex-integrity.fsverity</c>): whoever writes to it from now on seals what they write. With a corrupt object it does not.
    /// </summary>
    /// <exception cref="SealingNotSupportedException">The file system has no fs-verity.</exception>
    public SealResult RequireSeal(Action last, CancellationToken cancellation = default)
    {
        using FileLock? held = Lock(exclusive: true);
        SealResult result = Seal(cancellation);
        if (result.Corrupt.Count > 0)
        {
            return result;
        }

        last();
        if (Config.VerityWanted != true)
        {
            Config = RepositorySeal.Require(this);
        }

        return result;
    }
}
