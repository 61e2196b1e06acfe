// Lists of strings in key files, as GLib writes them.
using Bootc.Ostree;

namespace Bootc.Deployments;

/// <summary>Lists in key files: GLib ends each string of one with a semicolon. Strings that have one themselves are not for such lists.</summary>
internal static class KeyFileLists
{
    /// <summary>The strings of a list; none when there is no such key.</summary>
    public static string[] ReadList(this KeyFile file, string group, string key) =>
        file.GetString(group, key)?.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) ?? [];

    /// <summary>Writes a list; one without strings leaves no key, and no group that has no other.</summary>
    public static void WriteList(this KeyFile file, string group, string key, IEnumerable<string> values)
    {
        string text = string.Concat(values.Select(value => value + ";"));
        if (text.Length > 0)
        {
            file.SetString(group, key, text);
            return;
        }

        file.Remove(group, key);
        if (file.HasGroup(group) && !file.GetKeys(group).Any())
        {
            file.RemoveGroup(group);
        }
    }
}
