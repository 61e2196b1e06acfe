// The names of users and groups in a root.
using System.Globalization;

namespace Bootc.Layering;

/// <summary>Names by number, from passwd(5) and group(5) of a root.</summary>
internal sealed class AccountNames
{
    private readonly Dictionary<uint, string> _users;
    private readonly Dictionary<uint, string> _groups;

    private AccountNames(Dictionary<uint, string> users, Dictionary<uint, string> groups)
    {
        _users = users;
        _groups = groups;
    }

    /// <summary>Reads the names.</summary>
    /// <param name="root">The path of the root, whose <c>/etc</c> is in <c>/usr/etc</c>.</param>
    public static AccountNames Read(string root) => new(Read(root, "passwd"), Read(root, "group"));

    /// <summary>A user's name, or the number where there is none.</summary>
    public string UserOf(uint uid) => _users.GetValueOrDefault(uid) ?? uid.ToString(CultureInfo.InvariantCulture);

    /// <summary>A group's name, or the number where there is none.</summary>
    public string GroupOf(uint gid) => _groups.GetValueOrDefault(gid) ?? gid.ToString(CultureInfo.InvariantCulture);

    private static Dictionary<uint, string> Read(string root, string file)
    {
        var names = new Dictionary<uint, string>();
        string path = $"{root}/usr/etc/{file}";
        foreach (string line in File.Exists(path) ? File.ReadLines(path) : [])
        {
            string[] fields = line.Split(':');
            if (fields.Length > 2 && uint.TryParse(fields[2], CultureInfo.InvariantCulture, out uint number))
            {
                names.TryAdd(number, fields[0]);
            }
        }

        return names;
    }
}
