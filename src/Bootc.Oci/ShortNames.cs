// Names of images without the host of a registry.
using Bootc.Oci.Registry;

namespace Bootc.Oci;

/// <summary>
/// Says what a name such as <c>os:stable</c> stands for, by the aliases and search registries of registries.conf
/// (containers-registries.conf(5)); where it says nothing, by Docker's rule, which is Docker Hub.
/// </summary>
public static class ShortNames
{
    /// <summary>Whether a name begins with a host: something with a dot, a colon or a capital letter, which no repository of Docker Hub begins with, or <c>localhost</c>.</summary>
    public static bool IsQualified(string name)
    {
        int slash = name.IndexOf('/');
        ReadOnlySpan<char> first = slash < 0 ? "" : name.AsSpan(0, slash);
        return first.IndexOfAny(".:[") >= 0 || first.SequenceEqual("localhost") || first.IndexOfAnyInRange('A', 'Z') >= 0;
    }

    /// <summary>The full names that a name may stand for, in the order in which they are to be tried.</summary>
    /// <exception cref="OciException">A settings file is malformed, or the settings want an ambiguous name to be refused.</exception>
    public static IReadOnlyList<string> Resolve(string name, OciOptions options) => IsQualified(name) ? [name] : Resolve(name, RegistriesConfig.Load(options));

    private static IReadOnlyList<string> Resolve(string name, RegistriesConfig config)
    {
        int end = name.AsSpan().IndexOfAny(":@");
        string repository = end < 0 ? name : name[..end];
        string rest = end < 0 ? "" : name[end..];
        if (config.FindAlias(repository) is { } alias)
        {
            return [alias + rest];
        }

        if (config.SearchRegistries.Count > 1 && config.IsEnforcing)
        {
            throw new OciException($"'{name}' may be an image of any of {string.Join(", ", config.SearchRegistries)} (unqualified-search-registries): name the registry as well");
        }

        return config.SearchRegistries.Count == 0 ? [name] : [.. config.SearchRegistries.Select(registry => $"{registry}/{name}")];
    }

    /// <summary>The first of the names that a name may stand for under which there is an image.</summary>
    /// <returns>The name itself when it has a host, or nothing but one name comes into question.</returns>
    /// <exception cref="OciException">There is none; what each registry answered is told.</exception>
    public static async Task<string> FindAsync(string name, OciOptions options, CancellationToken cancellation)
    {
        if (IsQualified(name))
        {
            return name;
        }

        RegistriesConfig config = RegistriesConfig.Load(options);
        IReadOnlyList<string> candidates = Resolve(name, config);
        if (candidates.Count == 1)
        {
            return candidates[0];
        }

        var client = new RegistryClient(options, config);
        var answers = new List<string>();
        foreach (string candidate in candidates)
        {
            try
            {
                await client.GetManifestAsync(RegistryReference.Parse(candidate), cancellation).ConfigureAwait(false);
                return candidate;
            }
            catch (OciException e)
            {
                answers.Add(e.Message);
            }
        }

        throw new ImageNotFoundException($"no search registry has '{name}': {string.Join("; ", answers)}");
    }
}
