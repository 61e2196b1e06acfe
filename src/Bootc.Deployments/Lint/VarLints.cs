// Checks of /var, which hosts get from an image only once.
using System.Globalization;
using System.Text;
using Bootc.Linux;

namespace Bootc.Deployments.Lint;

/// <summary>What an image has in <c>/var</c>.</summary>
internal static class VarLints
{
    public static IReadOnlyList<ImageLint> All { get; } =
    [
        new("var-log", LintSeverity.Warning, LintRoot.Any, "/var/log should have no files with content: logs belong to a host. Those of a build differ each time, and may tell what is nobody's business.", CheckLogs),
        new("var-tmpfiles", LintSeverity.Warning, LintRoot.Running, "What is in /var should have an entry in tmpfiles.d(5). A host gets /var of an image when it is installed, and never again; directories and links that systemd-tmpfiles makes are there after each boot.", CheckRules),
    ];

    private static IEnumerable<LintFinding> CheckLogs(DirectoryHandle root)
    {
        using DirectoryHandle? logs = root.TryOpenDirectory("var/log");
        string[] files = logs is null ? [] : [.. RootWalk.Walk(logs, "/var/log").Where(step => step.Kind == FileKind.Regular && step.Directory.GetStatus(step.Name).Size > 0).Select(step => ShownName.Of(step.Path))];
        return files.Length == 0 ? [] : [new LintFinding("there are logs in /var/log", files)];
    }

    private static IEnumerable<LintFinding> CheckRules(DirectoryHandle root)
    {
        using DirectoryHandle? var = root.TryOpenDirectory("var");
        if (var is null)
        {
            yield break;
        }

        RuledPaths ruled = RuledPaths.Read(root);
        Dictionary<uint, string> users = ReadNames(root, "etc/passwd");
        Dictionary<uint, string> groups = ReadNames(root, "etc/group");
        var rules = new List<string>();
        var files = new List<string>();
        foreach (RootWalk.Step step in RootWalk.Walk(var, "/var").Where(step => !ruled.Contains(step.Directory, step.Name)))
        {
            if (step.Kind is FileKind.Directory or FileKind.SymbolicLink)
            {
                rules.Add(Describe(step, users, groups));
            }
            else
            {
                files.Add(ShownName.Of(step.Path));
            }
        }

        if (rules.Count > 0)
        {
            yield return new LintFinding("directories and links in /var have no entry in tmpfiles.d; these would do", rules);
        }

        if (files.Count > 0)
        {
            yield return new LintFinding("there are files in /var", files);
        }
    }

    private static string Describe(RootWalk.Step step, Dictionary<uint, string> users, Dictionary<uint, string> groups)
    {
        if (step.Kind == FileKind.SymbolicLink)
        {
            return $"L {Escape(step.Path)} - - - - {Escape(step.Directory.ReadSymbolicLink(step.Name))}";
        }

        FileStatus status = step.Directory.GetStatus(step.Name);
        return $"d {Escape(step.Path)} {Convert.ToString(status.Permissions, 8).PadLeft(4, '0')} {NameOf(users, status.Uid)} {NameOf(groups, status.Gid)} - -";
    }

    // As tmpfiles.d(5) reads it: with C escapes, and each % doubled.
    private static string Escape(string path)
    {
        var text = new StringBuilder(path.Length);
        foreach (byte c in FileName.Encode(path))
        {
            _ = c switch
            {
                (byte)'%' => text.Append("%%"),
                (byte)'\\' => text.Append("\\\\"),
                > 0x20 and < 0x7f => text.Append((char)c),
                _ => text.Append(CultureInfo.InvariantCulture, $"\\x{c:x2}"),
            };
        }

        return text.ToString();
    }

    private static string NameOf(Dictionary<uint, string> names, uint number) => names.GetValueOrDefault(number) ?? number.ToString(CultureInfo.InvariantCulture);

    private static Dictionary<uint, string> ReadNames(DirectoryHandle root, string path)
    {
        var names = new Dictionary<uint, string>();
        foreach (string[] fields in (root.TryReadAllText(path) ?? "").Split('\n').Select(line => line.Split(':')))
        {
            if (fields.Length > 2 && uint.TryParse(fields[2], CultureInfo.InvariantCulture, out uint number))
            {
                names.TryAdd(number, fields[0]);
            }
        }

        return names;
    }
}
