// dpkg and apt, those of the image.
using Bootc.Deployments;

namespace Bootc.Layering.Apt;

/// <summary>
/// Runs the image's apt over it. Where packages come from, and who may sign them, is what <c>/etc/apt</c> of the host says.
/// Lists and files are kept in a cache of the host; scripts of packages cannot change it.
/// </summary>
internal sealed class AptTool : IPackageTool, IPackageSearch
{
    private const string SettingsPath = "/run/bootc/apt";
    private const string ConfigurationPath = "/run/bootc/apt.conf";
    private const string LocalPath = "/run/bootc/local";
    private const string ListsPath = "/var/lib/apt/lists";
    private const string ArchivesPath = "/var/cache/apt/archives";

    // What apt's own files say counts above this.
    private const string Configuration = $$"""
        Dir::Etc "{{SettingsPath}}";
        APT::Get::Assume-Yes "true";
        APT::Update::Error-Mode "any";
        APT::Keep-Downloaded-Packages "true";
        Acquire::Retries "3";
        Dpkg::Use-Pty "false";
        DPkg::Options { "--force-confdef"; "--force-confold"; "--force-unsafe-io"; };

        """;

    private readonly Sandbox _online;
    private readonly Sandbox _solving;
    private readonly Sandbox _installing;
    private readonly LayerRoot _root;
    private readonly bool _cacheOnly;

    /// <param name="sandbox">A sandbox over the image.</param>
    /// <param name="root">Its root.</param>
    /// <param name="settings">The path of the host's <c>/etc/apt</c>.</param>
    /// <param name="cache">The path of the host's cache of lists and files.</param>
    /// <param name="cacheOnly">Whether only what is in the cache is used.</param>
    public AptTool(Sandbox sandbox, LayerRoot root, string settings, string cache, bool cacheOnly)
    {
        _root = root;
        _cacheOnly = cacheOnly;
        string lists = Directory.CreateDirectory(Path.Combine(cache, "lists")).FullName;
        string archives = Directory.CreateDirectory(Path.Combine(cache, "archives")).FullName;
        string configuration = Path.Combine(root.WorkPath, "apt.conf");
        File.WriteAllText(configuration, Configuration);
        Sandbox common = sandbox.Copy()
            .Show(configuration, ConfigurationPath)
            .Show(settings, SettingsPath)
            .Show(Path.Combine(root.WorkPath, "local"), LocalPath)
            .Set("APT_CONFIG", ConfigurationPath)
            .Set("DEBIAN_FRONTEND", "noninteractive")
            .Set("DEBCONF_NONINTERACTIVE_SEEN", "true")
            .Set("APT_LISTCHANGES_FRONTEND", "none")
            .Set("UCF_FORCE_CONFFOLD", "1");
        foreach (string folder in AptSources.FindLocalFolders(settings))
        {
            common.Show(folder, folder);
        }

        // Keys may be named by their path in /etc/apt.
        _online = common.Copy().Show(settings, "/etc/apt").Lend(lists, ListsPath).Lend(archives, ArchivesPath);
        if (!cacheOnly)
        {
            _online.WithNetwork();
            HostResolver.Show(_online, $"{root.Path}/usr/etc");
        }

        _installing = common.Copy().Show(lists, ListsPath).Show(archives, ArchivesPath);
        _solving = _installing.Copy().Show(settings, "/etc/apt");
    }

    /// <inheritdoc/>
    public void Refresh(CancellationToken cancellation)
    {
        if (_cacheOnly)
        {
            return;
        }

        SandboxResult result = _online.Run(["apt-get", "update", "-q"], cancellation);
        if (result.ExitCode != 0)
        {
            throw new LayeringException($"the lists of packages cannot be fetched: {Explain(result)}");
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<PackageChange> Solve(PackageWish wish, CancellationToken cancellation)
    {
        SandboxResult simulated = _solving.Run(["apt-get", "install", "--simulate", .. Options, .. NamesOf(wish)], cancellation);
        if (simulated.ExitCode != 0)
        {
            throw new LayeringException(AptOutput.Reason(simulated));
        }

        List<PackageChange> changes = AptOutput.ParseSimulation(simulated.Output);
        string[] come = [.. changes.Where(change => change.After is not null).Select(AptOutput.QueryOf)];
        if (come.Length == 0)
        {
            return changes;
        }

        // Package files that were given to the host are in no list, and no failure.
        Dictionary<string, (long Size, string Digest)> files = AptOutput.ParseRecords(_solving.Run(["apt-cache", "show", "--no-all-versions", "--", .. come], cancellation).Output);
        return [.. changes.Select(change => files.TryGetValue(AptOutput.KeyOf(change), out (long Size, string Digest) file)
            ? change with { Size = file.Size, Digest = file.Digest }
            : change)];
    }

    /// <inheritdoc/>
    public void Download(PackageWish wish, CancellationToken cancellation)
    {
        string[] offline = _cacheOnly ? ["-o", "Acquire::Retries=0"] : [];
        SandboxResult result = _online.Run(["apt-get", "install", "--download-only", "-q", .. offline, .. Options, .. NamesOf(wish)], cancellation);
        if (result.ExitCode != 0)
        {
            throw new LayeringException($"the packages cannot be fetched{(_cacheOnly ? " from the cache alone" : "")}: {Explain(result)}");
        }
    }

    /// <inheritdoc/>
    public void Install(PackageWish wish, CancellationToken cancellation)
    {
        using var policy = new ServicePolicy(_root.Path);
        SandboxResult result = _installing.Run(["apt-get", "install", "-q", "-o", "Debug::NoLocking=true", "-o", "APT::Sandbox::User=root", .. Options, .. NamesOf(wish)], cancellation);
        if (result.ExitCode != 0)
        {
            throw new LayeringException($"a package could not be installed; this is what it said:\n{result.Tail}");
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<FoundPackage> Search(IReadOnlyList<string> terms, CancellationToken cancellation)
    {
        SandboxResult result = _solving.Run(["apt-cache", "search", "--", .. terms], cancellation);
        return result.ExitCode == 0
            ? AptOutput.ParseSearch(result.Output)
            : throw new LayeringException($"packages cannot be looked for: {AptOutput.Reason(result)}");
    }

    private static string[] Options => ["-y", "--allow-downgrades", "--allow-change-held-packages"];

    // Names that end in a minus stand for removal.
    private static IEnumerable<string> NamesOf(PackageWish wish) =>
    [
        "--",
        .. wish.Requested,
        .. wish.LocalFiles.Select(package => $"{LocalPath}/{package.Identity}.deb"),
        .. wish.Removed.Select(name => name + "-"),
    ];

    private static string Explain(SandboxResult result) => string.Join("; ", result.Messages("W: ").Concat(result.Messages("E: ")).Concat(result.Messages("Err:")).DefaultIfEmpty(result.Tail));
}
