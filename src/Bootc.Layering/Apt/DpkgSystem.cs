// Images made of Debian packages.
using System.Text.RegularExpressions;
using Bootc.Deployments;
using Bootc.Import.Packages;
using Bootc.Linux;

namespace Bootc.Layering.Apt;

/// <summary>dpkg and apt.</summary>
internal sealed partial class DpkgSystem : IPackageSystem
{
    /// <summary>The directory of dpkg's database in an image.</summary>
    public const string Database = "usr/lib/sysimage/dpkg";

    private static readonly string[] VolatileFiles = ["lock", "lock-frontend", "triggers/Lock"];

    /// <summary>The name of apt's cache.</summary>
    public const string Cache = "apt";

    // The directory of lists in it.
    private const string Lists = "lists";

    /// <inheritdoc/>
    public string CacheName => Cache;

    /// <inheritdoc/>
    public IReadOnlyList<string> SettingsFolders => ["apt"];

    /// <inheritdoc/>
    public IEnumerable<string> FindLists(string cache)
    {
        string lists = Path.Combine(cache, Lists);
        return Directory.Exists(lists) ? Directory.EnumerateFiles(lists).Where(file => Path.GetFileName(file) != "lock").Order(StringComparer.Ordinal) : [];
    }

    /// <inheritdoc/>
    public bool IsCurrent(string etc, string cache, CancellationToken cancellation) => AptProbe.IsCurrent($"{etc}/apt", Path.Combine(cache, Lists), cancellation);

    /// <inheritdoc/>
    public IReadOnlySet<Package> FindSecurityFixes(string cache, IReadOnlyList<(Package? Before, Package After)> packages, string root, CancellationToken cancellation) =>
        SecurityLists.Find(Path.Combine(cache, Lists), packages.Select(package => package.After).ToHashSet());

    /// <inheritdoc/>
    public string Extension => ".deb";

    /// <inheritdoc/>
    public string NameForms => "NAME, NAME:ARCH or NAME=VERSION";

    /// <inheritdoc/>
    public bool IsName(string text) => PackageName().IsMatch(text);

    /// <inheritdoc/>
    public bool Means(string text, string name) => NameIn(text, []) == name;

    /// <inheritdoc/>
    public string NameIn(string text, IEnumerable<Package> packages) => text.Split(':', '=')[0];

    /// <inheritdoc/>
    public IEnumerable<string> NamesOf(Package package) => [package.Name, $"{package.Name}:{package.Architecture}"];

    /// <inheritdoc/>
    public IEnumerable<string> IdentifyCommand(string path) => ["dpkg-deb", "--show", "--showformat=${Package}_${Version}_${Architecture}", path];

    /// <inheritdoc/>
    public void PrepareVar(DirectoryHandle var)
    {
        if (!var.Exists("lib/dpkg"))
        {
            var.CreateSymbolicLink($"../../{Database}", "lib/dpkg");
        }
    }

    /// <inheritdoc/>
    public bool IsVolatile(string path) => path.StartsWith($"{Database}/", StringComparison.Ordinal)
        && (path.EndsWith("-old", StringComparison.Ordinal) || VolatileFiles.Contains(path[(Database.Length + 1)..]));

    /// <inheritdoc/>
    public IPackageTool CreateTool(Sandbox sandbox, LayerRoot root, string? etc, string cache, bool cacheOnly)
    {
        string? settings = etc is null ? null : Path.Combine(etc, "apt");
        return new AptTool(sandbox, root, settings is not null && Directory.Exists(settings) ? settings : $"{root.Path}/usr/etc/apt", cache, cacheOnly);
    }

    /// <inheritdoc/>
    public string DescribeBuild(PackageWish wish, IReadOnlyList<string> files)
    {
        // The image has nothing in /var, and its package database in /usr.
        string arguments = string.Join(' ', [.. wish.Requested, .. files, .. wish.Removed.Select(name => name + "-")]);
        return "RUN systemd-tmpfiles --create --prefix=/var; \\\n    apt-get update && \\\n"
            + $"    DEBIAN_FRONTEND=noninteractive apt-get install -y --allow-downgrades {arguments} && \\\n"
            + "    rm -rf /tmp/packages /var/*\n";
    }

    // deb-control(5); what ends in a minus would be removed.
    [GeneratedRegex(@"^[a-z0-9][a-z0-9+.-]*[a-z0-9+.](:[a-z0-9-]+)?(=[A-Za-z0-9.+~:-]+)?\z")]
    private static partial Regex PackageName();
}
