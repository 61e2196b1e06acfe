// Checks of the users and groups of an image.
using System.Text;
using Bootc.Linux;

namespace Bootc.Deployments.Lint;

/// <summary>Whether the accounts of an image are there on hosts that were installed before.</summary>
internal static class AccountLints
{
    private const string Rules = "usr/lib/sysusers.d";

    public static IReadOnlyList<ImageLint> All { get; } =
    [
        new("sysusers", LintSeverity.Warning, LintRoot.Any, "Users and groups should have entries in /usr/lib/sysusers.d (sysusers.d(5)). On a host where /etc/passwd was changed, by adding a user for example, those that later images add to that file are never seen; systemd-sysusers makes them at boot.", Check),
    ];

    private static IEnumerable<LintFinding> Check(DirectoryHandle root)
    {
        if (root.TryReadAllText("etc/passwd") is not { } passwd)
        {
            yield break;
        }

        var users = new HashSet<string>(StringComparer.Ordinal);
        var groups = new HashSet<string>(StringComparer.Ordinal);
        ReadRules(root, users, groups);
        if (FindMissing(passwd, users) is { Count: > 0 } missingUsers)
        {
            yield return new LintFinding("users of /etc/passwd have no entry in sysusers.d", missingUsers);
        }

        if (FindMissing(root.TryReadAllText("etc/group") ?? "", groups) is { Count: > 0 } missingGroups)
        {
            yield return new LintFinding("groups of /etc/group have no entry in sysusers.d", missingGroups);
        }
    }

    private static List<string> FindMissing(string accounts, HashSet<string> known) =>
    [
        .. accounts.Split('\n')
            .Where(line => line.Length > 0 && line[0] is not ('#' or '+' or '-') && line.Contains(':'))
            .Select(line => line[..line.IndexOf(':')])
            .Where(name => !known.Contains(name))
            .Distinct()
            .Order(StringComparer.Ordinal),
    ];

    // A user has a group of the same name. Lines of other types (m, r) make nobody.
    private static void ReadRules(DirectoryHandle root, HashSet<string> users, HashSet<string> groups)
    {
        using DirectoryHandle? rules = root.TryOpenDirectory(Rules);
        foreach (DirectoryEntry file in (rules?.List() ?? []).Where(entry => entry.Name.EndsWith(".conf", StringComparison.Ordinal)))
        {
            foreach (string line in ReadLines(root, rules!, file))
            {
                string[] words = SplitWords(line);
                if (words is [var type, ..] && !type.StartsWith('#'))
                {
                    string name = words.Length > 1 ? words[1] : throw new FormatException($"/{Rules}/{file.Name}: '{line}' names nobody");
                    _ = type.TrimEnd('!') switch
                    {
                        "u" => users.Add(name) | groups.Add(name),
                        "g" => groups.Add(name),
                        _ => false,
                    };
                }
            }
        }
    }

    private static string[] ReadLines(DirectoryHandle root, DirectoryHandle rules, DirectoryEntry file) => LinkedFile.TryRead(root, rules, Rules, file) is { } content ? Encoding.UTF8.GetString(content).Split('\n') : [];

    private static string[] SplitWords(string line) => line.Split((char[])[' ', '\t', '\r'], StringSplitOptions.RemoveEmptyEntries);
}
