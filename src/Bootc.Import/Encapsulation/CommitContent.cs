// The files of a commit, and to which package each belongs.
using Bootc.Import.Packages;
using Bootc.Ostree;
using Bootc.Ostree.Objects;

namespace Bootc.Import.Encapsulation;

/// <summary>
/// Divides a commit's objects among components. What packages say of their files goes by name, with directories that are symbolic
/// links resolved and /etc where ostree has it. An object that several packages have is the first one's, by name. The initramfs and
/// what no package has are components of their own; what changes with every build, such as the package database, is in none.
/// </summary>
internal sealed class CommitContent
{
    private const string Initramfs = "initramfs";
    private const string Unpackaged = "unpackaged";
    private const int MaximumLinks = 40;
    private static readonly string[] VolatileFiles = ["usr/etc/ld.so.cache", "var/cache/ldconfig/aux-cache"];

    private readonly Repository _repository;
    private readonly Dictionary<Checksum, ContentObject> _objects = [];
    private readonly Dictionary<string, ContentObject> _files = [];
    private readonly HashSet<string> _directories = [""];
    private readonly Dictionary<string, string?> _resolved = [];

    private CommitContent(Repository repository) => _repository = repository;

    /// <summary>The components, by name; each has an object at least.</summary>
    public IReadOnlyList<Component> Components { get; private set; } = [];

    /// <summary>The objects that belong to no component.</summary>
    public IReadOnlyList<ContentObject> Remainder { get; private set; } = [];

    /// <summary>Reads a commit.</summary>
    /// <exception cref="OstreeException">An object is missing or corrupt.</exception>
    /// <exception cref="ImportException">The package database is malformed.</exception>
    public static CommitContent Read(Repository repository, Checksum commit)
    {
        var content = new CommitContent(repository);
        content.Walk(repository.LoadCommit(commit).RootTree, "");
        content.Divide(PackageDatabase.ReadContent(repository, commit));
        return content;
    }

    private void Walk(Checksum checksum, string prefix)
    {
        DirTree names = _repository.LoadDirTree(checksum);
        foreach (DirTreeFile file in names.Files)
        {
            if (!_objects.TryGetValue(file.File, out ContentObject? content))
            {
                (FileHeader header, long size) = _repository.LoadFileHeader(file.File);
                _objects.Add(file.File, content = new ContentObject(file.File, header, size));
            }

            content.Paths.Add(prefix + file.Name);
            _files.Add(prefix + file.Name, content);
        }

        foreach (DirTreeDirectory directory in names.Directories)
        {
            _directories.Add(prefix + directory.Name);
            Walk(directory.Tree, $"{prefix}{directory.Name}/");
        }
    }

    private void Divide(IReadOnlyList<PackageContent> packages)
    {
        var components = new SortedDictionary<string, Component>(StringComparer.Ordinal);
        var owned = new HashSet<ContentObject>(ReferenceEqualityComparer.Instance);
        foreach (PackageContent package in packages.OrderBy(package => package.Name, StringComparer.Ordinal))
        {
            foreach (string path in package.Paths)
            {
                if (TryFind(path) is { } content && owned.Add(content))
                {
                    Enter(components, package.Name, package.Source).Objects.Add(content);
                }
            }
        }

        var remainder = new List<ContentObject>();
        foreach (ContentObject content in _objects.Values.Where(content => !owned.Contains(content)))
        {
            if (content.Paths.Exists(path => VolatileFiles.Contains(path) || PackageDatabase.IsPartOfDatabase(path)))
            {
                remainder.Add(content);
                continue;
            }

            string name = content.Paths.Exists(IsInitramfs) ? Initramfs : Unpackaged;
            Enter(components, name, name).Objects.Add(content);
        }

        Components = [.. components.Values];
        Remainder = remainder;
    }

    private static Component Enter(SortedDictionary<string, Component> components, string name, string source)
    {
        if (!components.TryGetValue(name, out Component? component))
        {
            components.Add(name, component = new Component(name, source));
        }

        return component;
    }

    private static bool IsInitramfs(string path) =>
        path.StartsWith("usr/lib/modules/", StringComparison.Ordinal) && path.Split('/') is [_, _, _, _, "initramfs.img" or "initramfs"];

    // Most packages list directories as well, which are no objects.
    private ContentObject? TryFind(string path)
    {
        string relative = path.Trim('/');
        int slash = relative.LastIndexOf('/');
        if (TryResolve(slash < 0 ? "" : relative[..slash]) is not { } directory)
        {
            return null;
        }

        string name = relative[(slash + 1)..];
        return _files.GetValueOrDefault(directory.Length == 0 ? name : $"{directory}/{name}");
    }

    // Where a directory really is.
    private string? TryResolve(string path)
    {
        if (_resolved.TryGetValue(path, out string? known))
        {
            return known;
        }

        return _resolved[path] = Resolve(path);
    }

    private string? Resolve(string path)
    {
        int links = 0;
        string at = "";
        var rest = new Stack<string>(path.Split('/', StringSplitOptions.RemoveEmptyEntries).Reverse());
        while (rest.TryPop(out string? name))
        {
            if (name == "..")
            {
                at = at.LastIndexOf('/') is var slash and >= 0 ? at[..slash] : "";
                continue;
            }

            string next = at.Length == 0 ? name : $"{at}/{name}";
            if (name == "." || _directories.Contains(next))
            {
                at = name == "." ? at : next;
                continue;
            }

            if (next == "etc")
            {
                at = "usr/etc";
                continue;
            }

            if (!_files.TryGetValue(next, out ContentObject? link) || !link.Header.IsSymbolicLink || ++links > MaximumLinks)
            {
                return null;
            }

            at = link.Header.LinkTarget.StartsWith('/') ? "" : at;
            foreach (string component in link.Header.LinkTarget.Split('/', StringSplitOptions.RemoveEmptyEntries).Reverse())
            {
                rest.Push(component);
            }
        }

        return at;
    }
}
