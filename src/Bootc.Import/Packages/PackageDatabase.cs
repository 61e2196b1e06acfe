// The packages that a commit's distribution says are installed.
using System.Text;
using Bootc.Ostree;
using Bootc.Ostree.Objects;

namespace Bootc.Import.Packages;

/// <summary>Reads the database of dpkg or rpm from a commit, without checking it out.</summary>
public static class PackageDatabase
{
    private const long MaximumSize = 512L * 1024 * 1024;

    // Images have theirs in /usr. A tool of the other kind may have left one in /var that has little in it.
    private static readonly string[] Paths =
    [
        "usr/lib/sysimage/dpkg/status", "usr/lib/sysimage/rpm/rpmdb.sqlite", "usr/share/rpm/rpmdb.sqlite", "var/lib/dpkg/status", "var/lib/rpm/rpmdb.sqlite",
    ];

    private static readonly string[] Directories = [.. Paths.Select(path => path[..(path.LastIndexOf('/') + 1)])];

    /// <summary>The installed packages, by name; <see langword="null"/> when the commit has no database that can be read.</summary>
    /// <exception cref="ImportException">The database is malformed.</exception>
    public static IReadOnlyList<Package>? Read(Repository repository, Checksum commit)
    {
        CommitTree tree = repository.OpenTree(commit);
        foreach (string path in Paths)
        {
            if (tree.TryReadFile(path, MaximumSize) is { } database)
            {
                return IsDpkg(path) ? ParseDpkgStatus(Encoding.UTF8.GetString(database)) : RpmDatabase.Parse(database);
            }
        }

        return null;
    }

    /// <summary>Reads dpkg's status file.</summary>
    internal static List<Package> ParseDpkgStatus(string text) => [.. DpkgDatabase.ParseStatus(text).Select(entry => entry.Package)];

    /// <summary>The installed packages with their files; none when the commit has no database that can be read.</summary>
    /// <exception cref="ImportException">The database is malformed.</exception>
    internal static IReadOnlyList<PackageContent> ReadContent(Repository repository, Checksum commit)
    {
        CommitTree tree = repository.OpenTree(commit);
        foreach (string path in Paths)
        {
            if (tree.TryReadFile(path, MaximumSize) is { } database)
            {
                return IsDpkg(path)
                    ? [.. DpkgDatabase.ReadContent(repository, tree, path[..path.LastIndexOf('/')], Encoding.UTF8.GetString(database))]
                    : RpmDatabase.ParseContent(database);
            }
        }

        return [];
    }

    /// <summary>Whether a path such as <c>var/lib/dpkg/status</c> lies in a directory where a database is kept.</summary>
    internal static bool IsPartOfDatabase(string path) => Array.Exists(Directories, directory => path.StartsWith(directory, StringComparison.Ordinal));

    private static bool IsDpkg(string path) => path.EndsWith("/status", StringComparison.Ordinal);
}
