// The packages that a commit's distribution says are installed.
using System.Text;
using Bootc.Ostree;
using Bootc.Ostree.Objects;

namespace Bootc.Import.Packages;

/// <summary>Reads the database of dpkg or rpm from a commit, without checking it out.</summary>
public static class PackageDatabase
{
    private const long MaximumSize = 512L * 1024 * 1024;
    private static readonly string[] DpkgPaths = ["usr/lib/sysimage/dpkg/status", "var/lib/dpkg/status"];
    private static readonly string[] RpmPaths = ["usr/lib/sysimage/rpm/rpmdb.sqlite", "usr/share/rpm/rpmdb.sqlite", "var/lib/rpm/rpmdb.sqlite"];

    /// <summary>The installed packages, by name; <see langword="null"/> when the commit has no database that can be read.</summary>
    /// <exception cref="ImportException">The database is malformed.</exception>
    public static IReadOnlyList<Package>? Read(Repository repository, Checksum commit)
    {
        CommitTree tree = repository.OpenTree(commit);
        foreach (string path in DpkgPaths)
        {
            if (tree.TryReadFile(path, MaximumSize) is { } status)
            {
                return ParseDpkgStatus(Encoding.UTF8.GetString(status));
            }
        }

        foreach (string path in RpmPaths)
        {
            if (tree.TryReadFile(path, MaximumSize) is { } database)
            {
                return RpmDatabase.Parse(database);
            }
        }

        return null;
    }

    /// <summary>Reads dpkg's status file (deb-control(5) paragraphs).</summary>
    internal static List<Package> ParseDpkgStatus(string text)
    {
        var packages = new List<Package>();
        foreach (string paragraph in text.Split("\n\n", StringSplitOptions.RemoveEmptyEntries))
        {
            string? name = null;
            string? version = null;
            string architecture = "";
            bool installed = false;
            foreach (string line in paragraph.Split('\n'))
            {
                int colon = line.IndexOf(':');
                if (colon <= 0 || line[0] is ' ' or '\t')
                {
                    continue;
                }

                string value = line[(colon + 1)..].Trim();
                switch (line[..colon])
                {
                    case "Package":
                        name = value;
                        break;
                    case "Version":
                        version = value;
                        break;
                    case "Architecture":
                        architecture = value;
                        break;
                    case "Status":
                        installed = value.EndsWith(" installed", StringComparison.Ordinal);
                        break;
                }
            }

            if (installed && name is not null && version is not null)
            {
                packages.Add(new Package(name, version, architecture));
            }
        }

        packages.Sort(static (a, b) => string.CompareOrdinal(a.Name, b.Name));
        return packages;
    }
}
