// What all registries.conf files together say.
namespace Bootc.Oci.Registry;

/// <summary>
/// The settings of registries (containers-registries.conf(5)): where their images really are, by which mirrors they can be
/// had, which may be used without TLS and which are blocked, what names without a host stand for.
/// </summary>
internal sealed class RegistriesConfig
{
    private const string UserFolder = ".config/containers";
    private const string Variable = "CONTAINERS_REGISTRIES_CONF";
    private readonly Dictionary<string, RegistryEntry> _registries = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _aliases = new(StringComparer.Ordinal);

    /// <summary>Hosts that are tried for names without one.</summary>
    public IReadOnlyList<string> SearchRegistries { get; private set; } = [];

    /// <summary>Whether a name that several search registries may have is refused.</summary>
    public bool IsEnforcing { get; private set; }

    /// <summary>Where credentials are, in order; <see cref="CredentialStore.AuthFiles"/> stands for the files.</summary>
    public IReadOnlyList<string> CredentialHelpers { get; private set; } = [CredentialStore.AuthFiles];

    /// <summary>Reads registries.conf, and then the files of its drop-in directories, of which each counts before those before it.</summary>
    /// <exception cref="OciException">A file is malformed, or one that is named is not there.</exception>
    public static RegistriesConfig Load(OciOptions options)
    {
        var config = new RegistriesConfig();
        foreach (string path in FindFiles(options))
        {
            config.Merge(RegistriesFile.Read(path));
        }

        return config;
    }

    /// <summary>Whether the settings forbid to pull from a repository.</summary>
    public bool IsBlocked(RegistryReference reference) => FindEntry(reference)?.Entry.Blocked ?? false;

    /// <summary>Whether a repository may be used without TLS, or with a certificate that nobody vouches for.</summary>
    public bool IsInsecure(RegistryReference reference) => FindEntry(reference)?.Entry.Insecure ?? false;

    /// <summary>The places where a repository can be reached, in the order in which they are tried; the last one is no mirror.</summary>
    public IReadOnlyList<RegistryEndpoint> FindEndpoints(RegistryReference reference)
    {
        if (FindEntry(reference) is not ({ } entry, int length))
        {
            return [new RegistryEndpoint(reference, Insecure: false, IsMirror: false)];
        }

        MirrorUse unfit = reference.Digest is null ? MirrorUse.DigestOnly : MirrorUse.TagOnly;
        return
        [
            .. entry.Mirrors.Where(mirror => mirror.Use != unfit).Select(mirror => new RegistryEndpoint(Relocate(reference, length, mirror.Location), mirror.Insecure, IsMirror: true)),
            new RegistryEndpoint(entry.Location.Length == 0 ? reference : Relocate(reference, length, entry.Location), entry.Insecure, IsMirror: false),
        ];
    }

    /// <summary>What a name without host, tag and digest stands for.</summary>
    public string? FindAlias(string name) => _aliases.GetValueOrDefault(name);

    // A user's own file takes the place of the system's and of its drop-ins; without one, their drop-ins are read last. The file that
    // the environment names takes the place of both, but not of the drop-ins.
    private static IEnumerable<string> FindFiles(OciOptions options)
    {
        string? user = options.Home is { } home ? Path.Combine(home, UserFolder, "registries.conf") : null;
        string? named = options.RegistriesConf is null && Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } set ? set : null;
        if (named is not null && !File.Exists(named))
        {
            throw new OciException($"the registries.conf that {Variable} names is not there: '{named}'");
        }

        string system = Path.Combine(options.Root, "etc/containers/registries.conf");
        bool isUsers = options.RegistriesConf is null && named is null && File.Exists(user);
        string main = options.RegistriesConf ?? named ?? (isUsers ? user! : system);
        string[] folders = options.RegistriesConf is { } own ? [own + ".d"] : isUsers ? [user + ".d"] : [system + ".d", .. user is null ? (string[])[] : [user + ".d"]];
        return (File.Exists(main) ? (string[])[main] : [])
            .Concat(folders.Where(Directory.Exists).SelectMany(folder => Directory.EnumerateFiles(folder, "*.conf").Order(StringComparer.Ordinal)));
    }

    private void Merge(RegistriesFile file)
    {
        foreach (RegistryEntry entry in file.Registries)
        {
            _registries[entry.Prefix] = entry;
        }

        foreach ((string name, string target) in file.Aliases)
        {
            _aliases[name] = target;
            if (target.Length == 0)
            {
                _aliases.Remove(name);
            }
        }

        SearchRegistries = file.SearchRegistries ?? SearchRegistries;
        IsEnforcing = file.IsEnforcing ?? IsEnforcing;
        CredentialHelpers = file.CredentialHelpers is not { } helpers ? CredentialHelpers : helpers.Count > 0 ? helpers : [CredentialStore.AuthFiles];
    }

    // The longest prefix that matches, and how much of the name it covers.
    private (RegistryEntry Entry, int Length)? FindEntry(RegistryReference reference)
    {
        string name = reference.ToString();
        (RegistryEntry Entry, int Length)? best = null;
        foreach (RegistryEntry entry in _registries.Values)
        {
            if (entry.Match(name) is { } length && entry.Prefix.Length > (best?.Entry.Prefix.Length ?? 0))
            {
                best = (entry, length);
            }
        }

        return best;
    }

    private static RegistryReference Relocate(RegistryReference reference, int length, string location)
    {
        string moved = location + reference.ToString()[length..];
        try
        {
            return RegistryReference.Parse(moved);
        }
        catch (FormatException e)
        {
            throw new OciException($"registries.conf moves {reference} to what cannot be: {e.Message}", e);
        }
    }
}
