// Images made of RPM packages.
using System.Text.RegularExpressions;
using Bootc.Deployments;
using Bootc.Import.Packages;
using Bootc.Linux;
using Bootc.Ostree;

namespace Bootc.Layering.Rpm;

/// <summary>rpm, and dnf 5 or 4.</summary>
/// <param name="database">The directory of rpm's database in the image.</param>
/// <param name="program">The name of the image's dnf: one of <see cref="DnfTool.Programs"/>.</param>
/// <param name="image">The image.</param>
internal sealed partial class RpmSystem(string database, string program, CommitTree image) : IPackageSystem
{
    // What was done when, which is no part of what the image is; which packages were asked for is in other files there.
    private const string History = "usr/lib/sysimage/libdnf5/transaction_history.sqlite";

    // Of SQLite, while it is in use, and of rpm. Those of the image stay, since a database that nobody can write to is read
    // with them there alone; what is in them does not matter then.
    private static readonly string[] VolatileEndings = ["-wal", "-shm", "-journal", ".lock"];

    /// <inheritdoc/>
    public string CacheName => "dnf";

    /// <inheritdoc/>
    public IReadOnlyList<string> SettingsFolders => [.. DnfRepositories.Folders, "dnf", "pki/rpm-gpg"];

    /// <inheritdoc/>
    public IEnumerable<string> FindLists(string cache) => Directory.Exists(cache)
        ? Directory.EnumerateDirectories(cache).Select(folder => Path.Combine(folder, DnfProbe.Metadata)).Where(File.Exists).Order(StringComparer.Ordinal)
        : [];

    /// <inheritdoc/>
    public bool IsCurrent(string etc, string cache, CancellationToken cancellation) => DnfProbe.IsCurrent(etc, image, cache, cancellation);

    /// <inheritdoc/>
    public IReadOnlySet<Package> FindSecurityFixes(string cache, IReadOnlyList<(Package? Before, Package After)> packages, string root, CancellationToken cancellation) =>
        SecurityAdvisories.Find(cache, packages, root, cancellation);

    /// <inheritdoc/>
    public string Extension => ".rpm";

    /// <inheritdoc/>
    public string NameForms => "NAME, NAME.ARCH, NAME-VERSION or NAME-VERSION-RELEASE";

    /// <inheritdoc/>
    public bool IsName(string text) => IsPackageName(text);

    /// <summary>Whether a text is the name of a package, whatever the image.</summary>
    public static bool IsPackageName(string text) => PackageName().IsMatch(text);

    /// <inheritdoc/>
    /// <remarks>Names have dashes as well: what goes on with one and a digit is taken for a version.</remarks>
    public bool Means(string text, string name) => text.StartsWith(name, StringComparison.Ordinal) && Rest().IsMatch(text.AsSpan(name.Length));

    /// <inheritdoc/>
    public string NameIn(string text, IEnumerable<Package> packages) =>
        packages.Where(package => text.StartsWith(package.Name, StringComparison.Ordinal) && NamesOf(package).Contains(text)).Select(package => package.Name).FirstOrDefault() ?? text;

    /// <inheritdoc/>
    public IEnumerable<string> NamesOf(Package package)
    {
        string version = package.Version[(package.Version.IndexOf(':') + 1)..];
        string[] names =
        [
            package.Name,
            $"{package.Name}-{version[..Math.Max(0, version.LastIndexOf('-'))]}",
            $"{package.Name}-{version}",
            $"{package.Name}-{package.Version}",
        ];
        return names.Concat(names.Select(name => $"{name}.{package.Architecture}")).Distinct();
    }

    /// <inheritdoc/>
    public IEnumerable<string> IdentifyCommand(string path) =>
        ["rpm", "--query", "--package", "--nosignature", "--queryformat", "%{NAME}-%|EPOCH?{%{EPOCH}:}|%{VERSION}-%{RELEASE}.%{ARCH}", path];

    /// <inheritdoc/>
    public void PrepareVar(DirectoryHandle var)
    {
        if (!var.Exists("lib/rpm"))
        {
            var.CreateSymbolicLink($"../../{database}", "lib/rpm");
        }
    }

    /// <inheritdoc/>
    public bool IsVolatile(string path) => path.StartsWith(History, StringComparison.Ordinal)
        || (path.StartsWith($"{database}/", StringComparison.Ordinal) && VolatileEndings.Any(ending => path.EndsWith(ending, StringComparison.Ordinal)));

    /// <inheritdoc/>
    public IPackageTool CreateTool(Sandbox sandbox, LayerRoot root, string? etc, string cache, bool cacheOnly) =>
        new DnfTool(program, database, sandbox, root, etc ?? $"{root.Path}/usr/etc", cache, cacheOnly);

    /// <inheritdoc/>
    public string DescribeBuild(PackageWish wish, IReadOnlyList<string> files)
    {
        string[] commands =
        [
            .. wish.Removed.Count > 0 ? [$"{program} -y remove --setopt=clean_requirements_on_remove=False {string.Join(' ', wish.Removed)}"] : (string[])[],
            .. wish.Requested.Count + files.Count > 0 ? [$"{program} -y install {string.Join(' ', wish.Requested.Concat(files))}"] : (string[])[],
            $"{program} clean all",
            "rm -rf /tmp/packages /var/cache/* /var/log/*",
        ];
        return $"RUN {string.Join(" && \\\n    ", commands)}\n";
    }

    // [-[EPOCH:]VERSION[-RELEASE]][.ARCH]
    [GeneratedRegex(@"^(?:-[0-9][^-]*(?:-[^-]+)?|\.(?:noarch|[a-z][a-z0-9]*_?[0-9a-z_]*))?\z")]
    private static partial Regex Rest();

    // Neither a group nor a pattern nor a range of versions.
    [GeneratedRegex(@"^[A-Za-z0-9_][A-Za-z0-9_.+~^:-]*\z")]
    private static partial Regex PackageName();
}
