// The name of an image in a registry, in its parts.
using System.Text.RegularExpressions;
using Bootc.Oci.Model;

namespace Bootc.Oci;

/// <summary>Registry, repository, and tag or digest (or both) of an image.</summary>
/// <param name="Registry">Host and perhaps port.</param>
/// <param name="Repository">The path there.</param>
/// <param name="Tag">The tag, if any.</param>
/// <param name="Digest">The digest, if any; it is stronger than the tag.</param>
public sealed partial record RegistryReference(string Registry, string Repository, string? Tag, Digest? Digest)
{
    private const string DockerHub = "docker.io";
    private const string DockerHubIndex = "index.docker.io";

    /// <summary>What the image is asked for by: the digest, else the tag, else <c>latest</c>.</summary>
    public string Reference => Digest?.ToString() ?? Tag ?? "latest";

    /// <summary>
    /// The scopes by which settings and policies can mean the image, the narrowest first: with its tag or digest, its repository,
    /// what is above that up to the registry, and the domains of the host as <c>*.domain</c>.
    /// </summary>
    public IEnumerable<string> Scopes
    {
        get
        {
            string name = $"{Registry}/{Repository}";
            yield return Digest is null ? $"{name}:{Reference}" : $"{name}@{Digest}";
            for (int slash = name.Length; slash > 0; slash = name.LastIndexOf('/', slash - 1))
            {
                yield return name[..slash];
            }

            string host = Registry.Split(':')[0];
            for (int dot = host.IndexOf('.'); dot >= 0; dot = host.IndexOf('.', dot + 1))
            {
                yield return "*" + host[dot..];
            }
        }
    }

    /// <summary>Reads a name as Docker does: without a host it is one of Docker Hub's, where names of one word are in <c>library/</c>.</summary>
    /// <exception cref="FormatException">It is malformed.</exception>
    public static RegistryReference Parse(string name)
    {
        string rest = name;
        Digest? digest = null;
        int at = rest.IndexOf('@');
        if (at >= 0)
        {
            digest = Model.Digest.TryParse(rest[(at + 1)..], out Digest parsed) ? parsed : throw Malformed(name, "its digest is malformed");
            rest = rest[..at];
        }

        string? tag = null;
        int colon = rest.LastIndexOf(':');
        if (colon > rest.LastIndexOf('/'))
        {
            tag = rest[(colon + 1)..];
            rest = rest[..colon];
            if (!TagPattern().IsMatch(tag))
            {
                throw Malformed(name, $"'{tag}' is no tag");
            }
        }

        int slash = rest.IndexOf('/');
        string first = slash < 0 ? "" : rest[..slash];
        bool hasHost = ShortNames.IsQualified(rest);
        string registry = hasHost && first != DockerHubIndex ? first : DockerHub;
        string repository = hasHost ? rest[(slash + 1)..] : rest;
        if (hasHost && !HostPattern().IsMatch(registry))
        {
            throw Malformed(name, $"'{registry}' is no host, or host and port, of a registry");
        }

        if (!hasHost && ImageIdPattern().IsMatch(repository))
        {
            throw Malformed(name, "64 hexadecimal digits are an image ID, or a digest that lacks sha256: before it");
        }

        if (registry == DockerHub && !repository.Contains('/'))
        {
            repository = "library/" + repository;
        }

        return RepositoryPattern().IsMatch(repository) && repository.Length <= 255
            ? new RegistryReference(registry, repository, tag, digest)
            : throw Malformed(name, repository.Any(char.IsAsciiLetterUpper) ? "repositories are lower-case" : $"'{repository}' is no repository");
    }

    /// <summary>Whether a text is a host, or host and port.</summary>
    internal static bool IsHost(string text) => HostPattern().IsMatch(text);

    /// <summary>The same repository with another tag and no digest.</summary>
    public RegistryReference WithTag(string tag) => TagPattern().IsMatch(tag) ? this with { Tag = tag, Digest = null } : throw new FormatException($"'{tag}' is no tag: those are of letters, digits, '.', '_' and '-', and at most 128 characters");

    /// <inheritdoc/>
    public override string ToString() => $"{Registry}/{Repository}{(Tag is null ? "" : ":" + Tag)}{(Digest is null ? "" : "@" + Digest)}";

    private static FormatException Malformed(string name, string why) => new($"'{name}' is no image name: {why}");

    [GeneratedRegex(@"^([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?\z", RegexOptions.NonBacktracking)]
    private static partial Regex HostPattern();

    [GeneratedRegex(@"^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*\z", RegexOptions.NonBacktracking)]
    private static partial Regex RepositoryPattern();

    [GeneratedRegex(@"^[0-9a-f]{64}\z", RegexOptions.NonBacktracking)]
    private static partial Regex ImageIdPattern();

    [GeneratedRegex(@"^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}\z", RegexOptions.NonBacktracking)]
    private static partial Regex TagPattern();
}
