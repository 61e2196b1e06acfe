// One registries.conf, or one file of its drop-in directory.
using Tomlyn.Model;

namespace Bootc.Oci.Registry;

/// <summary>
/// A file as containers-registries.conf(5) describes it, in version 2 or the older version 1. What a file does not say is
/// <see langword="null"/>, so that the file before it counts.
/// </summary>
internal sealed class RegistriesFile
{
    private readonly string _path;

    private RegistriesFile(string path) => _path = path;

    /// <summary>The registries, each prefix once.</summary>
    public List<RegistryEntry> Registries { get; } = [];

    /// <summary>Hosts that are tried for names without one.</summary>
    public IReadOnlyList<string>? SearchRegistries { get; private set; }

    /// <summary>Where credentials are, in order.</summary>
    public IReadOnlyList<string>? CredentialHelpers { get; private set; }

    /// <summary>Whether several search registries are an ambiguity that is an error: <c>short-name-mode = "enforcing"</c>.</summary>
    public bool? IsEnforcing { get; private set; }

    /// <summary>Names without a host, and what they stand for; empty for nothing any more.</summary>
    public Dictionary<string, string> Aliases { get; } = new(StringComparer.Ordinal);

    /// <summary>Reads a file.</summary>
    /// <exception cref="OciException">It is malformed; it and the fault are named.</exception>
    public static RegistriesFile Read(string path)
    {
        var file = new RegistriesFile(path);
        file.Interpret(RegistriesToml.Read(path));
        return file;
    }

    private void Interpret(TomlTable document)
    {
        if (document.TryGetValue("registries", out object? old) && old is TomlTable first)
        {
            InterpretVersion1(document, first);
            return;
        }

        SearchRegistries = Strings(document, "unqualified-search-registries")?.Select(host => Location(host, "unqualified-search-registries")).ToArray();
        foreach (string host in SearchRegistries ?? [])
        {
            RequireHost(host);
        }

        CredentialHelpers = Strings(document, "credential-helpers");
        IsEnforcing = String(document, "short-name-mode") switch
        {
            null or "" => null,
            "enforcing" => true,
            "permissive" or "disabled" => false,
            string other => throw Fault($"short-name-mode is '{other}', none of enforcing, permissive and disabled"),
        };
        foreach (TomlTable registry in Tables(document, "registry"))
        {
            Add(ReadRegistry(registry));
        }

        ReadAliases(document);
    }

    private RegistryEntry ReadRegistry(TomlTable table)
    {
        string location = Location(String(table, "location") ?? "", "location");
        string prefix = Location(String(table, "prefix") ?? "", "prefix");
        bool isWildcard = prefix.StartsWith("*.", StringComparison.Ordinal);
        if (location.Length == 0 && !isWildcard)
        {
            throw Fault(prefix.Length == 0 ? "a [[registry]] has neither prefix nor location" : $"the [[registry]] with the prefix '{prefix}' has no location, which only one with a prefix such as *.example.com may lack");
        }

        prefix = prefix.Length == 0 ? location : prefix;
        if (prefix.Contains('*') && (!isWildcard || prefix.AsSpan(1).IndexOfAny("*/@:") >= 0))
        {
            throw Fault($"the prefix '{prefix}' has a '*' elsewhere than in *.HOST");
        }

        if (table.ContainsKey("pull-from-mirror"))
        {
            throw Fault($"the [[registry]] '{prefix}' has pull-from-mirror, which is a setting of its mirrors");
        }

        bool byDigestOnly = Boolean(table, "mirror-by-digest-only");
        return new RegistryEntry
        {
            Prefix = prefix,
            Location = location,
            Insecure = Boolean(table, "insecure"),
            Blocked = Boolean(table, "blocked"),
            Mirrors = [.. Tables(table, "mirror").Select(mirror => ReadMirror(mirror, prefix, byDigestOnly))],
        };
    }

    private RegistryMirror ReadMirror(TomlTable table, string prefix, bool byDigestOnly)
    {
        string location = Location(String(table, "location") ?? "", "location");
        if (location.Length == 0)
        {
            throw Fault($"a mirror of '{prefix}' has no location");
        }

        string use = String(table, "pull-from-mirror") ?? "";
        if (byDigestOnly && use.Length > 0)
        {
            throw Fault($"'{prefix}' has mirror-by-digest-only and its mirror {location} pull-from-mirror; only one of them can count");
        }

        return new RegistryMirror(location, Boolean(table, "insecure"), use switch
        {
            "" => byDigestOnly ? MirrorUse.DigestOnly : MirrorUse.All,
            "all" => MirrorUse.All,
            "digest-only" => MirrorUse.DigestOnly,
            "tag-only" => MirrorUse.TagOnly,
            _ => throw Fault($"pull-from-mirror of the mirror {location} is '{use}', none of all, digest-only and tag-only"),
        });
    }

    private void ReadAliases(TomlTable document)
    {
        if (!document.TryGetValue("aliases", out object? value))
        {
            return;
        }

        foreach ((string name, object target) in value as TomlTable ?? throw Fault("aliases is no table"))
        {
            string full = target as string ?? throw Fault($"the alias '{name}' is no string");
            if (ShortNames.IsQualified(name) || name.AsSpan().IndexOfAny(":@") >= 0)
            {
                throw Fault($"the alias '{name}' is no short name: it has a host, a tag or a digest");
            }

            if (full.Length > 0 && (!ShortNames.IsQualified(full) || full.Contains('@') || full.LastIndexOf(':') > full.LastIndexOf('/')))
            {
                throw Fault($"the alias '{name}' stands for '{full}', which is no repository with its host, without tag and digest");
            }

            Aliases[name] = full;
        }
    }

    // [registries.search], [registries.insecure] and [registries.block], each with a list.
    private void InterpretVersion1(TomlTable document, TomlTable registries)
    {
        if (document.Keys.FirstOrDefault(key => key is "registry" or "unqualified-search-registries" or "aliases") is { } newer)
        {
            throw Fault($"it has [registries] of version 1 and {newer} of version 2, which cannot be mixed");
        }

        string[] List(string name) => registries.TryGetValue(name, out object? table) && table is TomlTable found
            ? [.. (Strings(found, "registries") ?? []).Select(host => Location(host, name))]
            : [];
        SearchRegistries = List("search");
        string[] insecure = List("insecure"), blocked = List("block");
        foreach (string host in insecure.Union(blocked))
        {
            Add(new RegistryEntry { Prefix = host, Location = host, Insecure = insecure.Contains(host), Blocked = blocked.Contains(host) });
        }
    }

    // Two tables for the same place that say different things of it would let chance decide.
    private void Add(RegistryEntry entry)
    {
        string PlaceOf(RegistryEntry one) => one.Location.Length > 0 ? one.Location : one.Prefix;
        foreach (RegistryEntry other in Registries.Where(other => PlaceOf(other) == PlaceOf(entry)))
        {
            if (other.Insecure != entry.Insecure || other.Blocked != entry.Blocked)
            {
                throw Fault($"'{PlaceOf(entry)}' stands there twice, with conflicting '{(other.Insecure != entry.Insecure ? "insecure" : "blocked")}'");
            }
        }

        if (Registries.TrueForAll(other => other.Prefix != entry.Prefix))
        {
            Registries.Add(entry);
        }
    }

    private void RequireHost(string host)
    {
        if (!RegistryReference.IsHost(host))
        {
            throw Fault($"'{host}' in unqualified-search-registries is no host, or host and port, of a registry");
        }
    }

    private string Location(string text, string key) => text.StartsWith("http://", StringComparison.Ordinal) || text.StartsWith("https://", StringComparison.Ordinal)
        ? throw Fault($"'{text}' in {key} is an address of the web: a host, or host and port, and perhaps a path are wanted, without {text[..(text.IndexOf(':') + 3)]}")
        : text.TrimEnd('/');

    private string? String(TomlTable table, string key) => !table.TryGetValue(key, out object? value) ? null : value as string ?? throw Fault($"{key} is no string");

    private bool Boolean(TomlTable table, string key) => table.TryGetValue(key, out object? value) && (value as bool? ?? throw Fault($"{key} is neither true nor false"));

    private string[]? Strings(TomlTable table, string key) => !table.TryGetValue(key, out object? value) ? null
        : value is TomlArray array ? [.. array.Select(item => item as string ?? throw Fault($"{key} holds something that is no string"))]
        : throw Fault($"{key} is no list");

    private IEnumerable<TomlTable> Tables(TomlTable table, string key) => !table.TryGetValue(key, out object? value) ? []
        : value as TomlTableArray ?? (IEnumerable<TomlTable>)[.. (value as TomlArray ?? throw Fault($"{key} is no list of tables")).Select(item => item as TomlTable ?? throw Fault($"{key} is no list of tables"))];

    private OciException Fault(string fault) => new($"{_path}: {fault}");
}
