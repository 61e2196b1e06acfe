// What registries.conf says of a registry.
using Tomlyn;
using Tomlyn.Model;

namespace Bootc.Oci.Registry;

/// <summary>
/// The settings of registries (containers-registries.conf(5), version 2): which may be used without TLS, which are blocked,
/// and where their images really are.
/// </summary>
internal sealed class RegistriesConfig
{
    private readonly List<(string Prefix, string? Location, bool Insecure, bool Blocked)> _registries = [];

    /// <summary>Reads registries.conf and then its drop-in directory, whose entries come first.</summary>
    /// <exception cref="OciException">A file is malformed.</exception>
    public static RegistriesConfig Load(OciOptions options)
    {
        var config = new RegistriesConfig();
        string main = options.RegistriesConf
            ?? (Environment.GetEnvironmentVariable("CONTAINERS_REGISTRIES_CONF") is { Length: > 0 } set ? set : Path.Combine(options.Root, "etc/containers/registries.conf"));
        string dropIns = main + ".d";
        if (Directory.Exists(dropIns))
        {
            foreach (string path in Directory.EnumerateFiles(dropIns, "*.conf").OrderDescending(StringComparer.Ordinal))
            {
                config.Add(path);
            }
        }

        if (File.Exists(main))
        {
            config.Add(main);
        }

        return config;
    }

    /// <summary>The settings of the longest prefix that matches a repository.</summary>
    public RegistrySettings Find(RegistryReference reference)
    {
        string name = $"{reference.Registry}/{reference.Repository}";
        (string Prefix, string? Location, bool Insecure, bool Blocked)? best = null;
        foreach (var entry in _registries)
        {
            if (Matches(entry.Prefix, reference.Registry, name) && entry.Prefix.Length > (best?.Prefix.Length ?? -1))
            {
                best = entry;
            }
        }

        return best is { } found
            ? new RegistrySettings(found.Insecure, found.Blocked, Relocate(reference, name, found.Prefix, found.Location))
            : new RegistrySettings(false, false, reference);
    }

    private static bool Matches(string prefix, string registry, string name)
    {
        if (prefix.StartsWith("*.", StringComparison.Ordinal))
        {
            return registry.EndsWith(prefix[1..], StringComparison.Ordinal);
        }

        return name.StartsWith(prefix, StringComparison.Ordinal) && (name.Length == prefix.Length || name[prefix.Length] == '/');
    }

    private static RegistryReference Relocate(RegistryReference reference, string name, string prefix, string? location)
    {
        if (string.IsNullOrEmpty(location) || location == prefix || prefix.StartsWith("*.", StringComparison.Ordinal))
        {
            return reference;
        }

        string moved = location + name[prefix.Length..];
        int slash = moved.IndexOf('/');
        return reference with { Registry = moved[..slash], Repository = moved[(slash + 1)..] };
    }

    private void Add(string path)
    {
        TomlTable? document;
        try
        {
            document = TomlSerializer.Deserialize(File.ReadAllText(path), RegistriesToml.Default.TomlTable);
        }
        catch (TomlException e)
        {
            throw new OciException($"{path} is malformed: {e.Message}", e);
        }

        if (document is null || !document.TryGetValue("registry", out object? value) || value is not TomlTableArray registries)
        {
            return;
        }

        foreach (TomlTable registry in registries)
        {
            string? location = registry.TryGetValue("location", out object? l) ? l as string : null;
            string? prefix = registry.TryGetValue("prefix", out object? p) && p is string { Length: > 0 } given ? given : location;
            if (prefix is null)
            {
                throw new OciException($"{path}: a [[registry]] has neither prefix nor location");
            }

            _registries.Add((prefix, location, IsTrue(registry, "insecure"), IsTrue(registry, "blocked")));
        }
    }

    private static bool IsTrue(TomlTable table, string key) => table.TryGetValue(key, out object? value) && value is true;
}
