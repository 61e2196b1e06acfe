// dpkg's database: a status file, and lists of the files of each package.
using System.Text;
using Bootc.Ostree;
using Bootc.Ostree.Objects;

namespace Bootc.Import.Packages;

/// <summary>Reads what dpkg knows: <c>status</c> has paragraphs as deb-control(5) describes, <c>info/NAME[:ARCH].list</c> a path a line.</summary>
internal static class DpkgDatabase
{
    private const string ListExtension = ".list";

    /// <summary>The installed packages and the sources that they were built from, by name.</summary>
    public static List<(Package Package, string Source)> ParseStatus(string text)
    {
        var packages = new List<(Package Package, string Source)>();
        foreach (string paragraph in text.Split("\n\n", StringSplitOptions.RemoveEmptyEntries))
        {
            string? name = null;
            string? version = null;
            string? source = null;
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
                    case "Source":
                        source = value.Split(' ')[0]; // a version of its own may follow
                        break;
                    case "Status":
                        installed = value.EndsWith(" installed", StringComparison.Ordinal);
                        break;
                }
            }

            if (installed && name is not null && version is not null)
            {
                packages.Add((new Package(name, version, architecture), source ?? name));
            }
        }

        packages.Sort(static (a, b) => string.CompareOrdinal(a.Package.Name, b.Package.Name));
        return packages;
    }

    /// <summary>The packages with the paths of their files, those in the database itself included.</summary>
    /// <param name="repository">The repository.</param>
    /// <param name="tree">The commit.</param>
    /// <param name="directory">The database's directory, such as <c>var/lib/dpkg</c>.</param>
    /// <param name="status">The status file.</param>
    public static IEnumerable<PackageContent> ReadContent(Repository repository, CommitTree tree, string directory, string status)
    {
        ILookup<string, DirTreeFile> files = (tree.TryGetDirectory($"{directory}/info")?.Files ?? []).ToLookup(file => NameOf(file.Name));
        foreach ((Package package, string source) in ParseStatus(status).DistinctBy(entry => entry.Package.Name))
        {
            var paths = new List<string>();
            foreach (DirTreeFile file in files[package.Name])
            {
                paths.Add($"/{directory}/info/{file.Name}");
                if (file.Name.EndsWith(ListExtension, StringComparison.Ordinal))
                {
                    paths.AddRange(ReadLines(repository, file.File));
                }
            }

            yield return new PackageContent(package.Name, source, paths);
        }
    }

    // "libc6:amd64.list" belongs to libc6.
    private static string NameOf(string file)
    {
        int colon = file.IndexOf(':');
        int dot = file.LastIndexOf('.');
        return colon > 0 ? file[..colon] : dot > 0 ? file[..dot] : file;
    }

    private static IEnumerable<string> ReadLines(Repository repository, Checksum file)
    {
        using var reader = new StreamReader(repository.OpenFileContent(file), Encoding.UTF8);
        while (reader.ReadLine() is { } line)
        {
            if (line.Length > 0)
            {
                yield return line;
            }
        }
    }
}
