// By which names a policy can mean an image, the narrowest first.
using Bootc.Oci;

namespace Bootc.Signatures.Policy;

/// <summary>The scopes of each transport (containers-policy.json(5), "Supported transports and their scopes").</summary>
internal static class PolicyScopes
{
    /// <summary>The transport's name in policies.</summary>
    public static string TransportOf(ImageReference image) => image.Transport == Transport.Registry ? "docker" : ImageReference.NameOf(image.Transport);

    /// <summary>The scopes that mean an image; the empty one, which means all of a transport, is the last.</summary>
    public static IEnumerable<string> Of(ImageReference image)
    {
        IEnumerable<string> scopes = image.Transport switch
        {
            Transport.Registry => RegistryReference.Parse(image.Name).Scopes,
            Transport.DockerDaemon when !Oci.Model.Digest.TryParse(image.Name, out _) => RegistryReference.Parse(image.Name).Scopes,
            Transport.Directory => OfPath(image.Name),
            Transport.OciDirectory or Transport.OciArchive => OfPath(image.Name.Split(':')[0]),
            _ => [],
        };
        return scopes.Append("");
    }

    /// <summary>The scopes that mean an image of a storage.</summary>
    public static IEnumerable<string> Of(StorageReference image)
    {
        string store = $"[{image.Driver}@{image.Root}]";
        IEnumerable<string> names = image.Name is { } name ? OfName(DockerReference.Of(name)) : [$"@{image.Id}"];
        return [.. names.Select(scope => store + scope), store, $"[{image.Root}]", ""];
    }

    private static IEnumerable<string> OfName(DockerReference name)
    {
        yield return name.ToString();
        if (name is { Tag: not null, Digest: not null })
        {
            yield return $"{name.Name}:{name.Tag}";
        }

        for (int slash = name.Name.Length; slash > 0; slash = name.Name.LastIndexOf('/', slash - 1))
        {
            yield return name.Name[..slash];
        }
    }

    /// <summary>Why a scope cannot be one of a transport's, or <see langword="null"/> when it can.</summary>
    public static string? Refuse(string transport, string scope) => transport switch
    {
        _ when scope.Length == 0 => null,
        "dir" or "oci" or "oci-archive" when !scope.StartsWith('/') => "it is no absolute path",
        "dir" or "oci" or "oci-archive" when scope == "/" => "all is meant by the scope \"\"",
        "dir" or "oci" or "oci-archive" when !IsCanonical(scope) => "the path has '.', '..', doubled slashes or one at its end",
        "docker-archive" => "that transport has no scope but \"\"",
        "docker-daemon" when Oci.Model.Digest.TryParse(scope, out _) => "images by their ID have no scope but \"\"",
        "containers-storage" when !scope.StartsWith('[') || scope.IndexOf(']') < 2 => "it does not begin with a store in brackets",
        _ => null,
    };

    // The path without symbolic links, and what is above it but for the root, which is all.
    private static IEnumerable<string> OfPath(string name)
    {
        string path = ResolvedPath.Of(name);
        for (int slash = path.Length; slash > 0; slash = path.LastIndexOf('/', slash - 1))
        {
            yield return path[..slash];
        }
    }

    private static bool IsCanonical(string path) => path[1..].Split('/').All(part => part is not ("" or "." or ".."));
}
