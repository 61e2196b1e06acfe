// What packages put into /var, which no image has: rules by which systemd-tmpfiles makes it on the host.
using System.Text;
using Bootc.Linux;

namespace Bootc.Layering;

/// <summary>
/// Compares <c>/var</c> of the sandbox with what it was before packages were installed. Directories and links become lines of
/// tmpfiles.d(5); files are kept in <c>/usr/share/factory</c> and copied from there at boot where the host has none.
/// </summary>
internal sealed class VarContent
{
    private const string Rules = "usr/lib/tmpfiles.d";
    private const string RulesFile = $"{Rules}/bootc-layered.conf";
    private const string Factory = "usr/share/factory";

    // Databases of package tools, caches and logs: made anew, or of the installation alone.
    private static readonly string[] Excluded =
    [
        "cache/apt", "cache/dnf", "cache/libdnf5", "cache/debconf", "cache/ldconfig", "cache/man", "cache/fontconfig", "lib/apt", "lib/dpkg", "lib/systemd/deb-systemd-helper-enabled",
        "lib/systemd/deb-systemd-helper-masked", "lib/systemd/deb-systemd-user-helper-enabled", "lib/systemd/deb-systemd-user-helper-masked", "log/apt",
        "lib/ucf", "lib/dnf", "lib/rpm", "lib/rpm-state", "tmp",
    ];

    // Of these the directories count, not what is in their files.
    private static readonly string[] WithoutFiles = ["cache/", "log/"];

    private readonly string _var;
    private readonly HashSet<string> _before;

    private VarContent(string var, HashSet<string> before)
    {
        _var = var;
        _before = before;
    }

    /// <summary>Takes down what is there now.</summary>
    /// <param name="var">The path of the sandbox's <c>/var</c>.</param>
    public static VarContent Before(string var)
    {
        using DirectoryHandle directory = DirectoryHandle.Open(var);
        return new VarContent(var, [.. Walk(directory, "").Select(entry => entry.Path)]);
    }

    /// <summary>Writes what has come into a root, as rules and files for them to copy.</summary>
    /// <param name="root">The path of the root.</param>
    public void WriteTo(string root)
    {
        using DirectoryHandle var = DirectoryHandle.Open(_var);
        using DirectoryHandle target = DirectoryHandle.Open(root);
        (string Path, FileStatus Status)[] added = [.. Walk(var, "").Where(entry => !_before.Contains(entry.Path)).OrderBy(entry => entry.Path, StringComparer.Ordinal)];
        HashSet<string> ruled = ReadRuledPaths(target);
        AccountNames names = AccountNames.Read(root);
        var lines = new StringBuilder();
        foreach ((string path, FileStatus status) in added)
        {
            if (!ruled.Contains($"/var/{path}") && Describe(var, target, path, status, names) is { } line)
            {
                lines.Append(line).Append('\n');
            }
        }

        if (lines.Length > 0)
        {
            target.EnsureDirectory(Rules).Dispose();
            target.WriteAllBytesAtomically(RulesFile, Encoding.UTF8.GetBytes(lines.ToString()), sync: false);
        }
    }

    private static string? Describe(DirectoryHandle var, DirectoryHandle target, string path, FileStatus status, AccountNames names)
    {
        string shown = Quote($"/var/{path}");
        switch (status.Kind)
        {
            case FileKind.Directory:
                return $"d {shown} {Convert.ToString(status.Permissions, 8).PadLeft(4, '0')} {names.UserOf(status.Uid)} {names.GroupOf(status.Gid)} -";
            case FileKind.SymbolicLink:
                return $"L {shown} - - - - {Escape(var.ReadSymbolicLink(path))}";
            case FileKind.Regular when !WithoutFiles.Any(folder => path.StartsWith(folder, StringComparison.Ordinal)):
                CopyToFactory(var, target, path, status);
                return $"C {shown} {Convert.ToString(status.Permissions, 8).PadLeft(4, '0')} {names.UserOf(status.Uid)} {names.GroupOf(status.Gid)} -";
            default:
                return null;
        }
    }

    private static void CopyToFactory(DirectoryHandle var, DirectoryHandle target, string path, FileStatus status)
    {
        string copy = $"{Factory}/var/{path}";
        using DirectoryHandle folder = target.EnsureDirectory(Path.GetDirectoryName(copy)!);
        using var source = var.OpenFile(path);
        using var file = folder.CreateTemporaryFile();
        file.CopyFrom(source, status.Size, path);
        file.SetOwner(status.Uid, status.Gid, path);
        file.SetMode(status.Permissions, path);
        folder.LinkTemporaryFile(file, Path.GetFileName(copy));
    }

    private static IEnumerable<(string Path, FileStatus Status)> Walk(DirectoryHandle directory, string path)
    {
        foreach (DirectoryEntry entry in directory.List())
        {
            string child = path.Length == 0 ? entry.Name : $"{path}/{entry.Name}";
            if (Excluded.Contains(child))
            {
                continue;
            }

            yield return (child, directory.GetStatus(entry.Name));
            if (entry.Kind == FileKind.Directory)
            {
                using DirectoryHandle below = directory.OpenDirectory(entry.Name);
                foreach ((string, FileStatus) inner in Walk(below, child))
                {
                    yield return inner;
                }
            }
        }
    }

    // What a package has a rule for itself needs none of ours.
    private static HashSet<string> ReadRuledPaths(DirectoryHandle root)
    {
        using DirectoryHandle? rules = root.TryOpenDirectory(Rules);
        return [.. (rules?.List() ?? [])
            .Where(entry => entry.Kind == FileKind.Regular && entry.Name.EndsWith(".conf", StringComparison.Ordinal))
            .SelectMany(entry => rules!.ReadAllText(entry.Name).Split('\n'))
            .Select(line => line.Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries))
            .Where(words => words.Length > 1 && !words[0].StartsWith('#'))
            .Select(words => words[1])];
    }

    private static string Quote(string path) => path.AsSpan().ContainsAny(" \t\"'\\") ? $"\"{Escape(path).Replace("\\", "\\\\").Replace("\"", "\\\"")}\"" : Escape(path);

    private static string Escape(string text) => text.Replace("%", "%%");
}
