// Key files: the `[group]` and `key=value` format of GLib, in which ostree keeps its settings and origins.
using System.Text;

namespace Bootc.Ostree;

/// <summary>
/// A key file (Desktop Entry Specification, as GLib's GKeyFile reads and writes it). Groups, keys, comments and their order
/// are kept, whether known to us or not.
/// </summary>
public sealed class KeyFile
{
    private readonly List<Group> _groups = [];

    /// <summary>The names of the groups, in order.</summary>
    public IEnumerable<string> Groups => _groups.Where(group => group.Name is not null).Select(group => group.Name!);

    /// <summary>Reads a key file.</summary>
    /// <exception cref="FormatException">A line is neither a group, a key, a comment nor empty; it is named.</exception>
    public static KeyFile Parse(string text)
    {
        var file = new KeyFile();
        var current = new Group(null);
        file._groups.Add(current);
        int number = 0;
        foreach (string raw in text.Split('\n'))
        {
            number++;
            string line = raw.TrimEnd('\r');
            string trimmed = line.TrimStart();
            if (trimmed.Length == 0 || trimmed[0] == '#')
            {
                current.Lines.Add(new Line(null, line));
                continue;
            }

            if (trimmed[0] == '[')
            {
                int end = trimmed.IndexOf(']');
                current = end > 1 ? file.EnsureGroup(trimmed[1..end]) : throw new FormatException($"line {number} '{line}' is no group header");
                continue;
            }

            int equals = trimmed.IndexOf('=');
            if (equals <= 0 || current.Name is null)
            {
                throw new FormatException($"line {number} '{line}' is no key of a group");
            }

            current.Lines.Add(new Line(trimmed[..equals].TrimEnd(), trimmed[(equals + 1)..].TrimStart()));
        }

        // What follows the last line's end is no line of its own.
        if (current.Lines is [.., { Key: null, Value: "" }])
        {
            current.Lines.RemoveAt(current.Lines.Count - 1);
        }

        return file;
    }

    /// <summary>Whether there is such a group.</summary>
    public bool HasGroup(string group) => FindGroup(group) is not null;

    /// <summary>The keys of a group, in order; none when there is no such group.</summary>
    public IEnumerable<string> GetKeys(string group) =>
        FindGroup(group)?.Lines.Where(line => line.Key is not null).Select(line => line.Key!) ?? [];

    /// <summary>A key's string, escapes resolved; <see langword="null"/> when it is absent.</summary>
    public string? GetString(string group, string key) => GetValue(group, key) is { } value ? Unescape(value) : null;

    /// <summary>A key's value as it is written; <see langword="null"/> when it is absent.</summary>
    public string? GetValue(string group, string key) => FindGroup(group)?.Lines.FindLast(line => line.Key == key)?.Value;

    /// <summary>A key's boolean (<c>true</c>, <c>false</c>, <c>1</c>, <c>0</c>); <see langword="null"/> when it is absent.</summary>
    /// <exception cref="FormatException">It is something else.</exception>
    public bool? GetBoolean(string group, string key) => GetValue(group, key)?.Trim() switch
    {
        null => null,
        "true" or "1" => true,
        "false" or "0" => false,
        string other => throw new FormatException($"{group}.{key} is '{other}', neither true nor false"),
    };

    /// <summary>Sets a key's string.</summary>
    public KeyFile SetString(string group, string key, string value) => SetValue(group, key, Escape(value));

    /// <summary>Sets a key's boolean.</summary>
    public KeyFile SetBoolean(string group, string key, bool value) => SetValue(group, key, value ? "true" : "false");

    /// <summary>Sets a key's value as it is to be written.</summary>
    public KeyFile SetValue(string group, string key, string value)
    {
        Group target = EnsureGroup(group);
        int index = target.Lines.FindLastIndex(line => line.Key == key);
        if (index >= 0)
        {
            target.Lines[index] = new Line(key, value);
            return this;
        }

        int end = target.Lines.FindLastIndex(line => line.Key is not null || line.Value.Trim().Length > 0) + 1;
        target.Lines.Insert(end, new Line(key, value));
        return this;
    }

    /// <summary>Removes a key; <see langword="false"/> when there was none.</summary>
    public bool Remove(string group, string key) => FindGroup(group)?.Lines.RemoveAll(line => line.Key == key) > 0;

    /// <summary>Removes a group with all its keys; <see langword="false"/> when there was none.</summary>
    public bool RemoveGroup(string group) => _groups.RemoveAll(candidate => candidate.Name == group) > 0;

    /// <summary>A copy that changes on its own.</summary>
    public KeyFile Clone() => Parse(ToString());

    /// <summary>The text of the file.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        foreach (Group group in _groups)
        {
            if (group.Name is not null)
            {
                if (text.Length > 0 && !text.ToString().EndsWith("\n\n", StringComparison.Ordinal))
                {
                    text.Append('\n');
                }

                text.Append('[').Append(group.Name).Append("]\n");
            }

            foreach (Line line in group.Lines)
            {
                _ = line.Key is null ? text.Append(line.Value) : text.Append(line.Key).Append('=').Append(line.Value);
                text.Append('\n');
            }
        }

        return text.ToString();
    }

    private static string Escape(string value)
    {
        var text = new StringBuilder(value.Length);
        bool leading = true;
        foreach (char c in value)
        {
            leading &= c is ' ' or '\t';
            _ = c switch
            {
                ' ' when leading => text.Append("\\s"),
                '\t' when leading => text.Append("\\t"),
                '\n' => text.Append("\\n"),
                '\r' => text.Append("\\r"),
                '\\' => text.Append("\\\\"),
                _ => text.Append(c),
            };
        }

        return text.ToString();
    }

    private static string Unescape(string value)
    {
        if (!value.Contains('\\'))
        {
            return value;
        }

        var text = new StringBuilder(value.Length);
        for (int i = 0; i < value.Length; i++)
        {
            if (value[i] != '\\' || i + 1 == value.Length)
            {
                text.Append(value[i]);
                continue;
            }

            i++;
            _ = value[i] switch
            {
                's' => text.Append(' '),
                'n' => text.Append('\n'),
                't' => text.Append('\t'),
                'r' => text.Append('\r'),
                '\\' => text.Append('\\'),
                char other => text.Append('\\').Append(other),
            };
        }

        return text.ToString();
    }

    private Group? FindGroup(string name) => _groups.Find(group => group.Name == name);

    private Group EnsureGroup(string name)
    {
        if (FindGroup(name) is { } existing)
        {
            return existing;
        }

        var group = new Group(name);
        _groups.Add(group);
        return group;
    }

    private sealed record Line(string? Key, string Value);

    private sealed class Group(string? name)
    {
        public string? Name { get; } = name;

        public List<Line> Lines { get; } = [];
    }
}
