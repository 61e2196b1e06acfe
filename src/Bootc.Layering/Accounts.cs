// Users and groups that packages make: rules by which systemd-sysusers makes them on the host.
using System.Text;

namespace Bootc.Layering;

/// <summary>
/// Compares the accounts of a root with those before packages were installed. New ones become lines of sysusers.d(5) with the
/// numbers that the packages' files have; the account files themselves stay those of the image, since each host has its own.
/// </summary>
internal sealed class Accounts
{
    // Before the rules of packages, so that these numbers count.
    private const string Rules = "usr/lib/sysusers.d";
    private const string RulesFile = $"{Rules}/00-bootc-layered.conf";

    private static readonly string[] Files = ["passwd", "group", "shadow", "gshadow", "subuid", "subgid"];

    private readonly string _root;
    private readonly Dictionary<string, string[]> _users;
    private readonly Dictionary<string, string[]> _groups;

    private Accounts(string root)
    {
        _root = root;
        _users = Read("passwd");
        _groups = Read("group");
    }

    /// <summary>Takes down what is there now.</summary>
    public static Accounts Before(string root) => new(root);

    /// <summary>Whether a path is a file that stays that of the image.</summary>
    public static bool IsAccountFile(string path) => path == "usr/etc/.pwd.lock"
        || (path.StartsWith("usr/etc/", StringComparison.Ordinal) && Files.Contains(path["usr/etc/".Length..].TrimEnd('-')));

    /// <summary>Writes rules for what has come.</summary>
    public void WriteRules()
    {
        var lines = new StringBuilder();
        Dictionary<string, string[]> groups = Read("group");
        Dictionary<string, string[]> users = Read("passwd");
        foreach ((string name, string[] fields) in groups.Where(group => !_groups.ContainsKey(group.Key)).OrderBy(group => group.Key, StringComparer.Ordinal))
        {
            lines.Append($"g {name} {fields[2]} -\n");
        }

        foreach ((string name, string[] fields) in users.Where(user => !_users.ContainsKey(user.Key) && user.Value.Length >= 7).OrderBy(user => user.Key, StringComparer.Ordinal))
        {
            lines.Append($"u {name} {fields[2]}:{fields[3]} \"{fields[4].Replace("\\", "").Replace("\"", "").Replace("%", "%%")}\" {Value(fields[5])} {Value(fields[6])}\n");
        }

        foreach ((string name, string[] fields) in groups.OrderBy(group => group.Key, StringComparer.Ordinal))
        {
            foreach (string member in MembersOf(fields).Except(_groups.TryGetValue(name, out string[]? before) ? MembersOf(before) : []))
            {
                lines.Append($"m {member} {name}\n");
            }
        }

        if (lines.Length > 0)
        {
            Directory.CreateDirectory($"{_root}/{Rules}");
            File.WriteAllText($"{_root}/{RulesFile}", lines.ToString());
        }
    }

    private static string Value(string field) => field.Length == 0 ? "-" : field.Replace("%", "%%");

    private static string[] MembersOf(string[] group) => group.Length > 3 ? group[3].Split(',', StringSplitOptions.RemoveEmptyEntries) : [];

    private Dictionary<string, string[]> Read(string file)
    {
        var entries = new Dictionary<string, string[]>();
        string path = $"{_root}/usr/etc/{file}";
        foreach (string line in File.Exists(path) ? File.ReadLines(path) : [])
        {
            string[] fields = line.Split(':');
            if (fields.Length > 2)
            {
                entries.TryAdd(fields[0], fields);
            }
        }

        return entries;
    }
}
