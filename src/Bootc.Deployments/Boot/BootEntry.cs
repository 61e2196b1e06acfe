// A Boot Loader Specification entry.
using System.Text;

namespace Bootc.Deployments.Boot;

/// <summary>
/// An entry of type 1 (https://uapi-group.org/specifications/specs/boot_loader_specification/), written as libostree does.
/// Keys that are not known here are kept.
/// </summary>
public sealed class BootEntry
{
    private const string InitrdKey = "initrd";
    private const string ExtensionPrefix = "x-";
    private static readonly string[] KeyOrder = ["title", "version", "options", "devicetree", "linux", InitrdKey];
    private static readonly string[] FileKeys = ["linux", InitrdKey, "devicetree"];
    private readonly List<KeyValuePair<string, string>> _fields = [];

    /// <summary>The entry's menu title.</summary>
    public string? Title { get => Get("title"); set => Set("title", value); }

    /// <summary>By which entries are sorted, the highest first.</summary>
    public string? Version { get => Get("version"); set => Set("version", value); }

    /// <summary>The kernel's path below the boot partition.</summary>
    public string? Linux { get => Get("linux"); set => Set("linux", value); }

    /// <summary>The initramfs's path below the boot partition; the first one where there are several.</summary>
    public string? Initrd { get => Get(InitrdKey); set => Set(InitrdKey, value); }

    /// <summary>The kernel arguments.</summary>
    public string? Options { get => Get("options"); set => Set("options", value); }

    /// <summary>What other programs noted in keys of their own (<c>x-…</c>), which deployments that follow this one take over.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Extensions => [.. _fields.Where(known => known.Key.StartsWith(ExtensionPrefix, StringComparison.Ordinal))];

    /// <summary>Reads an entry.</summary>
    public static BootEntry Parse(string text)
    {
        var entry = new BootEntry();
        foreach (string line in text.Split('\n'))
        {
            string trimmed = line.Trim();
            int space = trimmed.AsSpan().IndexOfAny(' ', '\t');
            if (trimmed.Length > 0 && trimmed[0] != '#' && space > 0)
            {
                entry._fields.Add(new(trimmed[..space], trimmed[(space + 1)..].Trim()));
            }
        }

        return entry;
    }

    /// <summary>The first value of a key, or <see langword="null"/>.</summary>
    public string? Get(string key)
    {
        foreach (KeyValuePair<string, string> field in _fields)
        {
            if (field.Key == key)
            {
                return field.Value;
            }
        }

        return null;
    }

    /// <summary>The files that the entry names: kernel, initramfs with what is laid over it, device tree.</summary>
    public IEnumerable<string> Files => _fields.Where(known => FileKeys.Contains(known.Key)).Select(known => known.Value);

    /// <summary>All files of the initramfs, in the order in which they are loaded.</summary>
    public IEnumerable<string> Initrds => _fields.Where(known => known.Key == InitrdKey).Select(known => known.Value);

    /// <summary>Names the files otherwise.</summary>
    public void RenameFiles(Func<string, string> rename)
    {
        for (int i = 0; i < _fields.Count; i++)
        {
            if (FileKeys.Contains(_fields[i].Key))
            {
                _fields[i] = new(_fields[i].Key, rename(_fields[i].Value));
            }
        }
    }

    /// <summary>Sets a key's value; <see langword="null"/> removes it.</summary>
    public void Set(string key, string? value)
    {
        int index = _fields.FindIndex(field => field.Key == key);
        if (value is null)
        {
            _fields.RemoveAll(field => field.Key == key);
        }
        else if (index >= 0)
        {
            _fields[index] = new(key, value);
        }
        else
        {
            _fields.Add(new(key, value));
        }
    }

    /// <summary>Adds keys that are not known here.</summary>
    public void AddExtensions(IEnumerable<KeyValuePair<string, string>> extensions) => _fields.AddRange(extensions.Where(extension => !KeyOrder.Contains(extension.Key)));

    /// <summary>A copy that changes on its own.</summary>
    public BootEntry Clone() => Parse(ToString());

    /// <summary>The entry's text.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        foreach (KeyValuePair<string, string> field in KeyOrder.SelectMany(key => _fields.Where(field => field.Key == key))
            .Concat(_fields.Where(field => !KeyOrder.Contains(field.Key))))
        {
            text.Append(field.Key).Append(' ').Append(field.Value).Append('\n');
        }

        return text.ToString();
    }
}
