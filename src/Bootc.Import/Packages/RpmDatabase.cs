// rpm's database: the headers of packages in a SQLite file.
namespace Bootc.Import.Packages;

/// <summary>Reads the table <c>Packages</c> of rpmdb.sqlite, whose rows are a number and a header blob.</summary>
internal static class RpmDatabase
{
    private const int TagName = 1000;
    private const int TagVersion = 1001;
    private const int TagRelease = 1002;
    private const int TagEpoch = 1003;
    private const int TagArchitecture = 1022;
    private const int TagSourcePackage = 1044;
    private const int TagDirectoryIndexes = 1116;
    private const int TagBaseNames = 1117;
    private const int TagDirectoryNames = 1118;

    /// <summary>The packages, by name.</summary>
    public static List<Package> Parse(ReadOnlyMemory<byte> database)
    {
        var packages = new List<Package>();
        foreach (byte[] header in SqliteTable.ReadBlobs(database, "Packages"))
        {
            packages.Add(ParsePackage(new RpmHeader(header)));
        }

        packages.Sort(static (a, b) => string.CompareOrdinal(a.Name, b.Name));
        return packages;
    }

    /// <summary>The packages with the paths of their files, in no order.</summary>
    public static List<PackageContent> ParseContent(ReadOnlyMemory<byte> database)
    {
        var packages = new List<PackageContent>();
        foreach (byte[] blob in SqliteTable.ReadBlobs(database, "Packages"))
        {
            var header = new RpmHeader(blob);
            string name = header.GetString(TagName);
            packages.Add(new PackageContent(name, SourceOf(header.GetString(TagSourcePackage)) ?? name, PathsOf(header)));
        }

        return packages;
    }

    private static Package ParsePackage(RpmHeader header)
    {
        uint? epoch = header.GetUInt32(TagEpoch);
        string version = $"{(epoch is > 0 ? $"{epoch}:" : "")}{header.GetString(TagVersion)}-{header.GetString(TagRelease)}";
        return new Package(header.GetString(TagName), version, header.GetString(TagArchitecture));
    }

    private static List<string> PathsOf(RpmHeader header)
    {
        List<string> names = header.GetStrings(TagBaseNames);
        List<string> directories = header.GetStrings(TagDirectoryNames);
        int[] indexes = header.GetInt32s(TagDirectoryIndexes);
        var paths = new List<string>(names.Count);
        for (int i = 0; i < names.Count && i < indexes.Length; i++)
        {
            if (indexes[i] >= 0 && indexes[i] < directories.Count)
            {
                paths.Add(directories[indexes[i]] + names[i]);
            }
        }

        return paths;
    }

    // "bash-5.2.26-3.fc40.src.rpm" is of bash.
    private static string? SourceOf(string file)
    {
        int release = file.LastIndexOf('-');
        int version = release > 0 ? file.LastIndexOf('-', release - 1) : -1;
        return version > 0 ? file[..version] : null;
    }
}
