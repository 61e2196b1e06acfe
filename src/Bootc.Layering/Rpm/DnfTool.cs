// rpm and dnf, those of the image.
using Bootc.Deployments;

namespace Bootc.Layering.Rpm;

/// <summary>
/// Runs the image's dnf over it. Where packages come from, and whose signatures count, is what <c>/etc</c> of the host says
/// (<c>yum.repos.d</c>, <c>dnf</c>, <c>pki</c>). Signatures are checked before the first script runs; scripts see neither the
/// keys nor anything of the host that they could change.
/// </summary>
internal sealed class DnfTool : IPackageTool, IPackageSearch
{
    /// <summary>The programs that are known, the better one first.</summary>
    public static readonly string[] Programs = [Dnf5, "dnf"];

    private const string Dnf5 = "dnf5";
    private const string Shell = "shell";
    private const string HomePath = "/run/bootc/home";
    private const string LocalPath = "/run/bootc/local";
    private const string SettingsPath = "/run/bootc/etc";

    // Keys that dnf takes from the settings of repositories last as long as the sandbox, and are no part of the image.
    private const string Macros = $"""
        %_keyring fs
        %_keyringpath {HomePath}/keys
        %_flush_io 0

        """;

    // They speak to services of a host, or set what a commit does not keep.
    private static readonly string[] Plugins = ["audit", "dbus_announce", "fapolicyd", "fsverity", "ima", "prioreset", "selinux", "syslog", "systemd_inhibit", "unshare"];

    // Who may sign is also whom the image's own database names.
    private const string WithImageKeys = """
        rpm -q --qf '%{DESCRIPTION}\n' gpg-pubkey > /run/bootc/keys 2> /dev/null && rpmkeys --import /run/bootc/keys
        exec "$@"
        """;

    private readonly string _program;
    private readonly string _database;
    private readonly LayerRoot _root;
    private readonly string _etc;
    private readonly string _cache;
    private readonly bool _cacheOnly;
    private readonly Sandbox _solving;
    private readonly Sandbox _online;
    private readonly Sandbox _common;

    /// <param name="program">The name of the image's dnf.</param>
    /// <param name="database">The directory of rpm's database in the image.</param>
    /// <param name="sandbox">A sandbox over the image.</param>
    /// <param name="root">Its root.</param>
    /// <param name="etc">The path of the <c>/etc</c> whose settings count.</param>
    /// <param name="cache">The path of the host's cache of lists and packages.</param>
    /// <param name="cacheOnly">Whether only what is in the cache is used.</param>
    public DnfTool(string program, string database, Sandbox sandbox, LayerRoot root, string etc, string cache, bool cacheOnly)
    {
        _program = program;
        _database = database;
        _root = root;
        _etc = etc;
        _cache = Directory.CreateDirectory(cache).FullName;
        _cacheOnly = cacheOnly;
        string macros = Path.Combine(root.WorkPath, "rpmmacros");
        File.WriteAllText(macros, Macros + string.Concat(Plugins.Select(plugin => $"%__transaction_{plugin} %{{nil}}\n")));
        _common = sandbox.Copy()
            .Show(macros, $"{HomePath}/.rpmmacros")
            .Show(Path.Combine(root.WorkPath, "local"), LocalPath)
            .Set("HOME", HomePath)
            .Set("FORCE_COLUMNS", "1000")
            .Set("COLUMNS", "1000");
        _solving = _common.Copy().Lend(root.Shadow(etc, "etc"), "/etc").Lend(_cache, CachePath); // rpm would find no space in what is read-only
        foreach (string folder in DnfRepositories.FindLocalFolders(etc))
        {
            _solving.Show(folder, folder);
        }

        _online = _solving.Copy();
        if (!cacheOnly)
        {
            _online.WithNetwork();
            HostResolver.Show(_online, etc);
        }
    }

    private bool IsDnf5 => _program == Dnf5;

    private string CachePath => IsDnf5 ? "/var/cache/libdnf5" : "/var/cache/dnf";

    /// <inheritdoc/>
    public void Refresh(CancellationToken cancellation)
    {
        if (_cacheOnly)
        {
            return;
        }

        SandboxResult result = _online.Run([.. Command, "makecache", "--refresh"], cancellation);
        if (result.ExitCode != 0)
        {
            throw new LayeringException($"the lists of packages cannot be fetched: {DnfOutput.Reason(result)}");
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<PackageChange> Solve(PackageWish wish, CancellationToken cancellation)
    {
        RequireDatabase(cancellation);
        if (wish.IsEmpty)
        {
            return [];
        }

        SandboxResult solved = _solving.Run([.. Command, "-C", "--assumeno", .. ActionsOf(wish)], cancellation);
        return DnfOutput.HasFailed(solved)
            ? throw new LayeringException(DnfOutput.Reason(solved) + (_cacheOnly ? " (from the cache alone: newer lists were not fetched)" : ""))
            : Describe(DnfOutput.ParseTransaction(solved.Output), cancellation);
    }

    /// <inheritdoc/>
    /// <remarks>rpm tries the transaction then, without doing it: packages whose signatures do not count, or whose files contradict, are refused here.</remarks>
    public void Download(PackageWish wish, CancellationToken cancellation)
    {
        if (wish.IsEmpty)
        {
            return;
        }

        string[] offline = _cacheOnly ? ["-C"] : [];
        SandboxResult result = _online.Run(["sh", "-c", WithImageKeys, "sh", .. Command, .. offline, "--setopt=tsflags=test", .. ActionsOf(wish)], cancellation);
        if (!DnfOutput.HasFailed(result))
        {
            return;
        }

        if (DnfOutput.FindRefusal(result) is { } refused)
        {
            throw new LayeringException($"{Explain(refused, cancellation)}: {DnfOutput.Reason(result)}");
        }

        throw new LayeringException($"the packages cannot be had{(_cacheOnly ? " from the cache alone" : "")}: {DnfOutput.Reason(result)}");
    }

    /// <inheritdoc/>
    public void Install(PackageWish wish, CancellationToken cancellation)
    {
        if (wish.IsEmpty)
        {
            return;
        }

        string[] actions = ActionsOf(wish);
        SandboxResult result = Installing().Run([.. Command, "-C", IsDnf5 ? "--no-gpgchecks" : "--nogpgcheck", .. SettingsOptions(), .. actions], cancellation);
        if (result.ExitCode != 0 || DnfOutput.HasFailedScript(result) || (actions[0] == Shell && DnfOutput.HasFailed(result)))
        {
            throw new LayeringException($"a package could not be installed; this is what it said:\n{result.Tail}");
        }

        if (new FileInfo($"{_root.Path}/{_database}/rpmdb.sqlite-wal") is { Exists: true, Length: > 0 })
        {
            throw new LayeringException($"rpm's database in /{_database} was not closed: a part of it is in its write-ahead log");
        }
    }

    /// <inheritdoc/>
    /// <remarks>One term after the other, since of several dnf takes packages that have any.</remarks>
    public IReadOnlyList<FoundPackage> Search(IReadOnlyList<string> terms, CancellationToken cancellation)
    {
        IEnumerable<FoundPackage>? found = null;
        foreach (string term in terms)
        {
            SandboxResult result = _solving.Run([.. Command, "-C", "-q", "search", "--all", "--", term], cancellation);
            if (result.ExitCode != 0)
            {
                throw new LayeringException($"packages cannot be looked for: {DnfOutput.Reason(result)}");
            }

            List<FoundPackage> matches = DnfOutput.ParseSearch(result.Output);
            found = found is null ? matches : [.. found.IntersectBy(matches.Select(match => match.Name), package => package.Name)];
        }

        return [.. found ?? []];
    }

    private string[] Command =>
    [
        _program, "-y",
        "--setopt=plugins=0",
        "--setopt=keepcache=1",
        "--setopt=skip_if_unavailable=0",
        "--setopt=clean_requirements_on_remove=0",
        "--setopt=zchunk=0", // lists are read by others than dnf as well
    ];

    // The cache is not theirs to change, but dnf wants to write beside what it has of each repository.
    private Sandbox Installing()
    {
        Sandbox sandbox = _common.Copy();
        foreach (string folder in Directory.EnumerateDirectories(_cache).Order(StringComparer.Ordinal).Where(folder => !Path.GetFileName(folder).StartsWith('@')))
        {
            sandbox.Show(folder, $"{CachePath}/{Path.GetFileName(folder)}");
        }

        // Not where they are on a host: packages may bring such files.
        foreach (string folder in (string[])[.. DnfRepositories.Folders, "dnf"])
        {
            if (Directory.Exists(Path.Combine(_etc, folder)))
            {
                sandbox.Show(Path.Combine(_etc, folder), $"{SettingsPath}/{folder}");
            }
        }

        return sandbox;
    }

    private string[] SettingsOptions() =>
    [
        .. File.Exists(Path.Combine(_etc, "dnf/dnf.conf")) ? [$"--config={SettingsPath}/dnf/dnf.conf"] : (string[])[],
        $"--setopt=reposdir={string.Join(',', DnfRepositories.Folders.Select(folder => $"{SettingsPath}/{folder}").Append("/usr/share/dnf5/repos.d"))}",
        $"--setopt=varsdir={SettingsPath}/dnf/vars,/usr/share/dnf5/vars.d",
    ];

    // rpm of the deployment must find what was written here.
    private void RequireDatabase(CancellationToken cancellation)
    {
        SandboxResult result = _solving.Run(["sh", "-c", "readlink -f \"$(HOME=/ rpm --eval %_dbpath)\""], cancellation);
        if (result.ExitCode != 0 || result.Output.Trim() != $"/{_database}")
        {
            throw new LayeringException($"the image has a package database in /{_database}, and its rpm keeps one in {result.Output.Trim()} (macro %_dbpath){(result.ExitCode == 0 ? "" : $": {result.Tail}")}");
        }
    }

    // Removing alone takes what needs the removed along, which is then refused by name; both at once are one transaction.
    private string[] ActionsOf(PackageWish wish)
    {
        string[] come = [.. wish.Requested, .. wish.LocalFiles.Select(package => $"{LocalPath}/{package.Identity}.rpm")];
        if (wish.Removed.Count == 0)
        {
            return ["install", .. come];
        }

        if (come.Length == 0)
        {
            return ["remove", .. wish.Removed];
        }

        return IsDnf5
            ? ["do", "--action=remove", .. wish.Removed, "--action=install", .. come]
            : [Shell, WriteScript(wish.Removed, come)];
    }

    private string WriteScript(IEnumerable<string> removed, IEnumerable<string> come)
    {
        File.WriteAllText(Path.Combine(_root.WorkPath, "local", "transaction"), $"install {string.Join(' ', come)}\nremove {string.Join(' ', removed)}\nrun\n");
        return $"{LocalPath}/transaction";
    }

    // How large files are and when they were built is in the lists; package files that were given to the host are in none.
    private IReadOnlyList<PackageChange> Describe(List<DnfChange> changes, CancellationToken cancellation)
    {
        string[] listed = [.. changes.Where(change => change.Repository is not ("" or "@commandline")).Select(change => change.Nevra)];
        Dictionary<string, (long Size, string Digest)> files = listed.Length == 0 ? [] : DnfOutput.ParseFiles(
            _solving.Run([.. Command, "-C", "-q", "repoquery", "--available", "--qf", DnfOutput.FileFormat, .. listed], cancellation).Output);
        Dictionary<string, string> versions = ReadVersions([.. changes.Where(change => change.Change is { Action: PackageAction.Change, Before: null }).Select(change => change.Change.Name)], cancellation);
        return [.. changes.Select(change =>
        {
            PackageChange described = change.Change.Action == PackageAction.Change && change.Change.Before is null
                ? change.Change with { Before = versions.GetValueOrDefault(change.Change.Name) }
                : change.Change;
            return files.TryGetValue(change.Key, out (long Size, string Digest) file) ? described with { Size = file.Size, Digest = file.Digest } : described;
        })];
    }

    private Dictionary<string, string> ReadVersions(string[] names, CancellationToken cancellation)
    {
        string output = names.Length == 0 ? "" : _solving.Run(["rpm", "-q", "--qf", "%{NAME} %|EPOCH?{%{EPOCH}:}|%{VERSION}-%{RELEASE}\n", .. names], cancellation).Output;
        return output.Split('\n').Select(line => line.Split(' ')).Where(words => words.Length == 2).DistinctBy(words => words[0]).ToDictionary(words => words[0], words => words[1]);
    }

    private string Explain(DnfRefusal refused, CancellationToken cancellation)
    {
        string? path = refused.Path ?? FindInCache(refused.Package);
        string? key = path is null ? null : DnfOutput.FindKey(_solving.Run(["rpmkeys", "--checksig", "--verbose", path], cancellation));
        return key is null
            ? $"the package {refused.Package} is refused, since nobody signed it whom the host trusts"
            : $"the package {refused.Package} is refused, since it is signed by the key {key}, which the host does not trust for its repository";
    }

    private string? FindInCache(string package) => Directory.EnumerateFiles(_cache, $"{package}.rpm", SearchOption.AllDirectories).FirstOrDefault() is { } file
        ? $"{CachePath}/{Path.GetRelativePath(_cache, file)}"
        : null;
}
