// What systemd-tmpfiles makes, or looks after.
using Bootc.Linux;

namespace Bootc.Deployments.Lint;

/// <summary>
/// The paths of tmpfiles.d(5) of a root. They are known by their directory's device and inode, since rules may name them through
/// links: <c>/root/.ssh</c> is <c>/var/roothome/.ssh</c> on many images.
/// </summary>
internal sealed class RuledPaths
{
    private readonly HashSet<(ulong Device, ulong Inode, string Name)> _paths = [];

    private RuledPaths()
    {
    }

    /// <summary>Reads the rules.</summary>
    /// <exception cref="FormatException">A rule has no path, or one with an escape that there is not.</exception>
    public static RuledPaths Read(DirectoryHandle root)
    {
        var paths = new RuledPaths();
        foreach (string folder in (string[])["usr/lib/tmpfiles.d", "etc/tmpfiles.d"])
        {
            using DirectoryHandle? rules = root.TryOpenDirectory(folder);
            foreach (DirectoryEntry file in (rules?.List() ?? []).Where(entry => entry.Name.EndsWith(".conf", StringComparison.Ordinal)))
            {
                foreach (string line in LinkedFile.TryRead(root, rules!, folder, file) is { } content ? FileName.Decode(content).Split('\n') : [])
                {
                    if (line.Trim() is { Length: > 0 } rule && rule[0] != '#')
                    {
                        paths.Add(root, ReadPath(rule) ?? throw new FormatException($"/{folder}/{file.Name}: '{ShownName.Of(rule)}' is no rule of tmpfiles.d(5)"));
                    }
                }
            }
        }

        return paths;
    }

    /// <summary>Whether a rule names this.</summary>
    public bool Contains(DirectoryHandle directory, string name)
    {
        FileStatus status = directory.GetStatus();
        return _paths.Contains((status.Device, status.Inode, name));
    }

    // Below a directory that is not there, nothing is.
    private void Add(DirectoryHandle root, string path)
    {
        string trimmed = path.TrimEnd('/');
        int slash = trimmed.LastIndexOf('/');
        if (slash >= 0)
        {
            using DirectoryHandle? directory = root.TryOpenDirectoryAsRoot(slash == 0 ? "." : trimmed[..slash]);
            if (directory?.GetStatus() is { } status)
            {
                _paths.Add((status.Device, status.Inode, trimmed[(slash + 1)..]));
            }
        }
    }

    // The second word, which may be quoted and have C escapes; %% is a percent sign.
    private static string? ReadPath(string rule)
    {
        int at = rule.AsSpan().IndexOfAny(' ', '\t');
        if (at < 0)
        {
            return null;
        }

        ReadOnlySpan<char> rest = rule.AsSpan(at).TrimStart();
        char quote = rest.Length > 0 && rest[0] is '"' or '\'' ? rest[0] : '\0';
        var bytes = new List<byte>();
        for (int i = quote == '\0' ? 0 : 1; i < rest.Length && (quote == '\0' ? rest[i] is not (' ' or '\t') : rest[i] != quote); i++)
        {
            if (rest[i] == '\\')
            {
                if (!TryReadEscape(rest, ref i, out byte value))
                {
                    return null;
                }

                bytes.Add(value);
                continue;
            }

            if (rest[i] == '%' && i + 1 < rest.Length && rest[i + 1] == '%')
            {
                i++;
            }

            bool isPair = char.IsHighSurrogate(rest[i]) && i + 1 < rest.Length && char.IsLowSurrogate(rest[i + 1]);
            bytes.AddRange(FileName.Encode(rest.Slice(i, isPair ? 2 : 1).ToString()));
            i += isPair ? 1 : 0;
        }

        return bytes.Count == 0 ? null : FileName.Decode([.. bytes]);
    }

    private static bool TryReadEscape(ReadOnlySpan<char> text, ref int at, out byte value)
    {
        value = 0;
        if (++at >= text.Length)
        {
            return false;
        }

        if (text[at] == 'x')
        {
            at += 2;
            return at < text.Length && byte.TryParse(text.Slice(at - 1, 2), System.Globalization.NumberStyles.AllowHexSpecifier, null, out value);
        }

        value = text[at] switch
        {
            'n' => (byte)'\n',
            'r' => (byte)'\r',
            't' => (byte)'\t',
            's' => (byte)' ',
            '\\' or '"' or '\'' => (byte)text[at],
            _ => 0,
        };
        return value != 0;
    }
}
