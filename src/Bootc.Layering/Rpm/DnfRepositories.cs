// Where dnf's settings send it on the host itself.
namespace Bootc.Layering.Rpm;

/// <summary>Finds the directories of the host that repository files (dnf5.conf(5)) name, so that the sandbox can be shown them.</summary>
internal static class DnfRepositories
{
    /// <summary>The names, below <c>/etc</c>, of the directories that have repository files.</summary>
    public static readonly string[] Folders = ["yum.repos.d", "distro.repos.d"];

    private const string Scheme = "file://";

    /// <summary>The directories of <c>file:</c> repositories, and of their keys outside of <c>/etc</c>, that are there.</summary>
    /// <param name="etc">The path of <c>/etc</c>.</param>
    public static IReadOnlyList<string> FindLocalFolders(string etc) => [.. Folders
        .Select(folder => Path.Combine(etc, folder))
        .Where(Directory.Exists)
        .SelectMany(folder => Directory.EnumerateFiles(folder, "*.repo").Order(StringComparer.Ordinal))
        .SelectMany(File.ReadLines)
        .SelectMany(line => line.Split((char[])[' ', '\t', ',', '='], StringSplitOptions.RemoveEmptyEntries))
        .Where(word => word.StartsWith($"{Scheme}/", StringComparison.Ordinal))
        .Select(word => word[Scheme.Length..].TrimEnd('/'))
        .Where(path => path.Length > 0 && !path.StartsWith("/etc/", StringComparison.Ordinal) && Directory.Exists(path))
        .Distinct()];
}
