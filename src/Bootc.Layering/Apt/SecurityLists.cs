// Which versions of packages are security fixes, by the lists of the suites that have nothing else.
using Bootc.Import.Packages;

namespace Bootc.Layering.Apt;

/// <summary>Looks packages up in the fetched lists of suites such as <c>trixie-security</c>.</summary>
internal static class SecurityLists
{
    private const string Name = "Package: ";
    private const string Version = "Version: ";

    /// <summary>Those of the packages that a suite of security fixes has in this very version.</summary>
    /// <param name="lists">The path of the lists.</param>
    /// <param name="packages">The packages.</param>
    public static HashSet<Package> Find(string lists, IReadOnlySet<Package> packages)
    {
        var found = new HashSet<Package>();
        if (packages.Count == 0 || !Directory.Exists(lists))
        {
            return found;
        }

        ILookup<(string, string), Package> wanted = packages.ToLookup(package => (package.Name, package.Version));
        foreach (string file in Directory.EnumerateFiles(lists, "*-security_*Packages"))
        {
            string name = "";
            foreach (string line in File.ReadLines(file))
            {
                if (line.StartsWith(Name, StringComparison.Ordinal))
                {
                    name = line[Name.Length..];
                }
                else if (line.StartsWith(Version, StringComparison.Ordinal))
                {
                    found.UnionWith(wanted[(name, line[Version.Length..])]);
                }
            }
        }

        return found;
    }
}
