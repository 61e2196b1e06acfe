// Reference files that stand beside the repository, not in it.
namespace Bootc.Testing;

/// <summary>Finds the reference files of other projects; tests that read them are skipped where they are not there.</summary>
public static class TestData
{
    /// <summary>The root of this repository.</summary>
    public static string RepositoryRoot { get; } = FindRoot();

    private static string Folder => Path.Combine(RepositoryRoot, "..", "shared", "testdata");

    /// <summary>The path of a reference file or folder; skips the test where there is none.</summary>
    public static string Get(string name)
    {
        string path = Path.GetFullPath(Path.Combine(Folder, name));
        Xunit.Assert.SkipUnless(Path.Exists(path), $"the reference data {name} is not beside the repository");
        return path;
    }

    /// <summary>The names of the files of a folder that match; none where the folder is not there.</summary>
    public static IEnumerable<string> Files(string folder, string pattern) => Directory.Exists(Path.Combine(Folder, folder))
        ? Directory.EnumerateFiles(Path.Combine(Folder, folder), pattern).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)
        : [];

    /// <summary>The names of the folders in a folder; none where it is not there.</summary>
    public static IEnumerable<string> Folders(string folder) => Directory.Exists(Path.Combine(Folder, folder))
        ? Directory.EnumerateDirectories(Path.Combine(Folder, folder)).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)
        : [];

    private static string FindRoot()
    {
        for (DirectoryInfo? directory = new(AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
        {
            if (File.Exists(Path.Combine(directory.FullName, "Bootc.sln")))
            {
                return directory.FullName;
            }
        }

        throw new InvalidOperationException("the tests are not run from within the repository");
    }
}
