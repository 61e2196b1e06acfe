// What differs in /etc from the defaults that the image brought.
using Bootc.Linux;

namespace Bootc.Deployments.Etc;

/// <summary>The difference between a deployment's <c>/usr/etc</c> and its <c>/etc</c>: what the next update carries over.</summary>
/// <remarks>Of what was removed only the top is named; of what was added, everything. Extended attributes do not count.</remarks>
public sealed class EtcDiff
{
    private readonly List<string> _modified = [];
    private readonly List<string> _removed = [];
    private readonly List<string> _added = [];

    private EtcDiff()
    {
    }

    /// <summary>Names with other content, mode, owner or kind than the defaults have, relative to <c>/etc</c>.</summary>
    public IReadOnlyList<string> Modified => _modified;

    /// <summary>Names that only the defaults have.</summary>
    public IReadOnlyList<string> Removed => _removed;

    /// <summary>Names that the defaults do not have.</summary>
    public IReadOnlyList<string> Added => _added;

    /// <summary>Compares a deployment's <c>/etc</c> with its defaults; each list is sorted.</summary>
    public static EtcDiff Compare(DirectoryHandle deployment)
    {
        var diff = new EtcDiff();
        if (deployment.TryGetStatus("usr/etc") is { Kind: FileKind.Directory } && deployment.TryGetStatus("etc") is { Kind: FileKind.Directory })
        {
            using DirectoryHandle defaults = deployment.OpenDirectory("usr/etc");
            using DirectoryHandle changed = deployment.OpenDirectory("etc");
            diff.Compare(defaults, changed, "");
        }

        diff._modified.Sort(StringComparer.Ordinal);
        diff._removed.Sort(StringComparer.Ordinal);
        diff._added.Sort(StringComparer.Ordinal);
        return diff;
    }

    private void Compare(DirectoryHandle defaults, DirectoryHandle changed, string prefix)
    {
        Dictionary<string, FileKind> now = changed.List().ToDictionary(entry => entry.Name, entry => entry.Kind);
        foreach (DirectoryEntry before in defaults.List())
        {
            string path = prefix + before.Name;
            if (!now.Remove(before.Name, out FileKind kind))
            {
                _removed.Add(path);
                continue;
            }

            if (!EtcMerge.AreEqual(defaults, changed, before.Name, before.Kind, kind))
            {
                _modified.Add(path);
            }

            if (before.Kind == FileKind.Directory && kind == FileKind.Directory)
            {
                using DirectoryHandle subDefaults = defaults.OpenDirectory(before.Name);
                using DirectoryHandle subChanged = changed.OpenDirectory(before.Name);
                Compare(subDefaults, subChanged, path + "/");
            }
        }

        foreach ((string name, FileKind kind) in now)
        {
            AddAll(changed, name, kind, prefix);
        }
    }

    private void AddAll(DirectoryHandle parent, string name, FileKind kind, string prefix)
    {
        _added.Add(prefix + name);
        if (kind != FileKind.Directory)
        {
            return;
        }

        using DirectoryHandle directory = parent.OpenDirectory(name);
        foreach (DirectoryEntry entry in directory.List())
        {
            AddAll(directory, entry.Name, entry.Kind, $"{prefix}{name}/");
        }
    }
}
