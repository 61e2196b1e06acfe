// Finds credentials where podman, Docker and ostree keep them.
using System.Text;
using System.Text.Json;
using Bootc.Linux;
using Bootc.Oci.Model;

namespace Bootc.Oci.Registry;

/// <summary>
/// Credentials from the first of the usual files that has any for a repository: <c>$REGISTRY_AUTH_FILE</c> alone if it is
/// set; else ostree's <c>/etc/ostree/auth.json</c>, <c>/run/ostree/auth.json</c> and <c>/usr/lib/ostree/auth.json</c>,
/// podman's in <c>$XDG_RUNTIME_DIR</c> or <c>/run/containers/UID</c>, <c>~/.config/containers/auth.json</c>, and Docker's
/// <c>~/.docker/config.json</c> and <c>~/.dockercfg</c>. The entry for the longest prefix of the repository counts
/// (containers-auth.json(5)), or one for the registry that is written as an address of the web, as Docker did. A file
/// may name programs that have the credentials of some registries, and registries.conf programs that have those of all.
/// </summary>
/// <param name="options">Where the files are.</param>
/// <param name="helpers">The places to look in, in order: <see cref="AuthFiles"/>, or a credential helper's name.</param>
internal sealed class CredentialStore(OciOptions options, Func<IReadOnlyList<string>> helpers)
{
    /// <summary>The name that stands for the files among credential helpers (containers-registries.conf(5)).</summary>
    public const string AuthFiles = "containers-auth.json";

    private const string DockerHubKey = "https://index.docker.io/v1/";
    private const string LegacyName = ".dockercfg";
    private List<(string Path, AuthDocument Document)>? _documents;

    /// <summary>The files in which credentials are looked for.</summary>
    public IReadOnlyList<string> Paths { get; } = [.. FindPaths(options)];

    /// <summary>A credential that is shown to every registry.</summary>
    public Credential? Fixed { get; init; }

    /// <summary>The credentials for a repository, if there are any.</summary>
    /// <exception cref="OciException">A file is malformed, or a credential helper fails.</exception>
    public Credential? Find(RegistryReference reference) =>
        Fixed ?? helpers().Select(helper => helper == AuthFiles ? FindInFiles(reference) : CredentialHelper.Get(helper, reference.Registry)).FirstOrDefault(found => found is not null);

    private Credential? FindInFiles(RegistryReference reference)
    {
        _documents ??= [.. Paths.Where(File.Exists).Select(path => (path, Read(path)))];
        foreach ((string path, AuthDocument document) in _documents)
        {
            if (document.CredentialHelpers?.GetValueOrDefault(reference.Registry) is { Length: > 0 } helper && CredentialHelper.Get(helper, reference.Registry) is { } kept)
            {
                return kept;
            }

            foreach (string key in KeysFor(reference))
            {
                if (document.Auths?.GetValueOrDefault(key) is { } entry && ToCredential(entry, path, key) is { } credential)
                {
                    return credential;
                }
            }

            foreach ((string key, AuthEntry? entry) in document.Auths ?? [])
            {
                if (entry is not null && HostOf(key) == HostOf(reference.Registry) && ToCredential(entry, path, key) is { } credential)
                {
                    return credential;
                }
            }

            if (document.CredentialsStore is { Length: > 0 } store && CredentialHelper.Get(store, KeyForStore(reference.Registry)) is { } stored)
            {
                return stored;
            }
        }

        return null;
    }

    private static string KeyForStore(string registry) => registry == "docker.io" ? DockerHubKey : registry;

    private static IEnumerable<string> FindPaths(OciOptions options)
    {
        if (options.AuthFile is { } file)
        {
            return [file];
        }

        if (Environment.GetEnvironmentVariable("REGISTRY_AUTH_FILE") is { Length: > 0 } fromEnvironment)
        {
            return [fromEnvironment];
        }

        var paths = new List<string>();
        foreach (string place in (string[])["etc/ostree/auth.json", "run/ostree/auth.json", "usr/lib/ostree/auth.json"])
        {
            paths.Add(Path.Combine(options.Root, place));
        }

        string? runtime = Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR");
        paths.Add(runtime is { Length: > 0 } ? Path.Combine(runtime, "containers/auth.json") : $"/run/containers/{CurrentProcess.FileSystemUid}/auth.json");
        if (options.Home is { } home)
        {
            string config = Environment.GetEnvironmentVariable("XDG_CONFIG_HOME") is { Length: > 0 } set ? set : Path.Combine(home, ".config");
            paths.Add(Path.Combine(config, "containers/auth.json"));
            paths.Add(Path.Combine(home, ".docker/config.json"));
            paths.Add(Path.Combine(home, LegacyName));
        }

        return paths;
    }

    private static AuthDocument Read(string path)
    {
        try
        {
            byte[] content = File.ReadAllBytes(path);
            return Path.GetFileName(path) == LegacyName
                ? new AuthDocument { Auths = JsonSerializer.Deserialize(content, OciJson.Default.DictionaryStringAuthEntry) }
                : JsonSerializer.Deserialize(content, OciJson.Default.AuthDocument) ?? new AuthDocument();
        }
        catch (JsonException e)
        {
            throw new OciException($"the credentials in {path} are malformed: {e.Message}", e);
        }
    }

    private static IEnumerable<string> KeysFor(RegistryReference reference)
    {
        string key = $"{reference.Registry}/{reference.Repository}";
        for (int end = key.Length; end > 0; end = key.LastIndexOf('/', end - 1))
        {
            yield return key[..end];
        }
    }

    // The host of a key for a whole registry, as https://index.docker.io/v1/ is; a key with a path, but no scheme, is for repositories.
    private static string HostOf(string key)
    {
        int scheme = key.StartsWith("https://", StringComparison.Ordinal) ? 8 : key.StartsWith("http://", StringComparison.Ordinal) ? 7 : 0;
        string host = scheme == 0 ? key : key[scheme..].Split('/')[0];
        return host is "index.docker.io" or "registry-1.docker.io" ? "docker.io" : host;
    }

    private static Credential? ToCredential(AuthEntry entry, string path, string key)
    {
        if (string.IsNullOrEmpty(entry.Auth) && string.IsNullOrEmpty(entry.IdentityToken))
        {
            return null;
        }

        string pair;
        try
        {
            pair = Encoding.UTF8.GetString(Convert.FromBase64String(entry.Auth ?? "")).TrimEnd('\0');
        }
        catch (FormatException e)
        {
            throw new OciException($"the credentials for {key} in {path} are not Base64", e);
        }

        int colon = pair.IndexOf(':');
        if (colon < 0 && string.IsNullOrEmpty(entry.IdentityToken))
        {
            throw new OciException($"the credentials for {key} in {path} are not a user and a password with a colon between");
        }

        return new Credential(colon < 0 ? pair : pair[..colon], colon < 0 ? "" : pair[(colon + 1)..], entry.IdentityToken);
    }
}
