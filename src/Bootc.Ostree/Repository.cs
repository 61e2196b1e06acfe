// An ostree repository: opening, creating, locking.
using System.Collections.Frozen;
using Bootc.Linux;
using Bootc.Ostree.Objects;

namespace Bootc.Ostree;

/// <summary>
/// An ostree repository: content-addressed objects and refs that name commits. Reading is safe from several threads.
/// </summary>
/// <remarks>Layout and formats: https://ostreedev.github.io/ostree/repo/ and ostree-core.h.</remarks>
public sealed partial class Repository : IDisposable
{
    private static readonly TimeSpan LockTimeout = TimeSpan.FromSeconds(300); // core.lock-timeout-secs
    private readonly DirectoryHandle _objects;

    private Repository(DirectoryHandle directory, RepositoryConfig config)
    {
        Directory = directory;
        Config = config;
        _objects = directory.OpenDirectory("objects");
    }

    /// <summary>The repository's directory.</summary>
    public DirectoryHandle Directory { get; }

    /// <summary>The repository's settings.</summary>
    public RepositoryConfig Config { get; private set; }

    /// <summary>How content objects are stored.</summary>
    public RepositoryMode Mode => Config.Mode;

    /// <summary>The directory <c>objects</c>.</summary>
    public DirectoryHandle ObjectsDirectory => _objects;

    /// <summary>Opens a repository, which takes over <paramref name="directory"/>.</summary>
    /// <exception cref="RepositoryFormatException">The directory is no repository, or of an unknown kind.</exception>
    public static Repository Open(DirectoryHandle directory)
    {
        string text = directory.TryReadAllText("config")
            ?? throw new RepositoryFormatException($"{directory.DisplayPath} is no ostree repository: it has no config file");
        try
        {
            return new Repository(directory, new RepositoryConfig(KeyFile.Parse(text), directory.DisplayPath));
        }
        catch (FormatException e)
        {
            throw new RepositoryFormatException($"the config of the repository {directory.DisplayPath} is malformed: {e.Message}", e);
        }
    }

    /// <summary>Opens the repository at a path.</summary>
    public static Repository Open(string path) => Open(DirectoryHandle.Open(path));

    /// <summary>Makes a directory a repository, as <c>ostree init</c> does; what is there already is kept.</summary>
    /// <param name="directory">The directory, which the repository takes over.</param>
    /// <param name="mode">How content objects are to be stored.</param>
    /// <param name="settings">Further settings of the group <c>core</c>.</param>
    public static Repository Create(DirectoryHandle directory, RepositoryMode mode, IEnumerable<KeyValuePair<string, string>>? settings = null)
    {
        foreach (string name in (string[])["objects", "tmp", "tmp/cache", "extensions", "state", "refs", "refs/heads", "refs/mirrors", "refs/remotes"])
        {
            directory.TryCreateDirectory(name, 0x1FD /* 0775 */);
        }

        if (!directory.Exists("config"))
        {
            var config = new KeyFile().SetString("core", "repo_version", "1").SetString("core", "mode", RepositoryConfig.NameOf(mode));
            foreach ((string key, string value) in settings ?? [])
            {
                config.SetString("core", key, value);
            }

            directory.WriteAllBytesAtomically("config", System.Text.Encoding.UTF8.GetBytes(config.ToString()));
        }

        return Open(directory);
    }

    /// <summary>Changes the config file, atomically.</summary>
    public void ChangeConfig(Action<KeyFile> change)
    {
        change(Config.File);
        Directory.WriteAllBytesAtomically("config", System.Text.Encoding.UTF8.GetBytes(Config.File.ToString()));
    }

    /// <summary>Starts a transaction, in which objects are written; nothing counts until it is committed.</summary>
    public RepositoryTransaction BeginTransaction() => BeginRepair(FrozenSet<ObjectName>.Empty);

    /// <summary>Starts a transaction in which some objects count as missing: those that are written again take the place of what is there.</summary>
    public RepositoryTransaction BeginRepair(IReadOnlySet<ObjectName> damaged) => new(this, Lock(exclusive: false), damaged);

    /// <summary>Keeps other programs from removing objects that have no refs yet, until it is disposed; <see langword="null"/> where the repository is not locked.</summary>
    /// <exception cref="OstreeException">Another program is removing objects for too long.</exception>
    public IDisposable? ProtectObjects() => Lock(exclusive: false);

    /// <summary>The tree of a commit, for looking things up.</summary>
    public CommitTree OpenTree(Checksum commit)
    {
        Commit loaded = LoadCommit(commit);
        return new CommitTree(this, loaded.RootTree, loaded.RootMeta);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _objects.Dispose();
        Directory.Dispose();
    }

    /// <inheritdoc/>
    public override string ToString() => Directory.DisplayPath;

    /// <summary>Takes the repository's lock: shared to write objects, exclusive to delete them.</summary>
    /// <exception cref="OstreeException">Another process holds the lock for too long.</exception>
    internal FileLock? Lock(bool exclusive)
    {
        if (!Config.Locking)
        {
            return null;
        }

        long deadline = Environment.TickCount64 + (long)LockTimeout.TotalMilliseconds;
        while (true)
        {
            if (FileLock.TryAcquire(Directory, ".lock", exclusive) is { } held)
            {
                return held;
            }

            if (Environment.TickCount64 > deadline)
            {
                throw new OstreeException($"another process has locked the repository {this} for more than {LockTimeout.TotalSeconds} seconds");
            }

            Thread.Sleep(100);
        }
    }
}
