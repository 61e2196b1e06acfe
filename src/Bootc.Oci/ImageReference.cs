// A reference to an image in some place: `transport:name`.
namespace Bootc.Oci;

/// <summary>A transport and the image's name in it, as containers/image and ostree-ext write it.</summary>
/// <param name="Transport">The kind of place.</param>
/// <param name="Name">The name there: <c>registry.example.com/os/image:tag</c>, <c>/path/to/layout:tag</c>.</param>
public sealed record ImageReference(Transport Transport, string Name)
{
    private static readonly (string Prefix, Transport Transport)[] Prefixes =
    [
        ("registry", Transport.Registry),
        ("docker", Transport.Registry),
        ("oci", Transport.OciDirectory),
        ("oci-archive", Transport.OciArchive),
        ("docker-archive", Transport.DockerArchive),
        ("dir", Transport.Directory),
        ("containers-storage", Transport.ContainersStorage),
        ("docker-daemon", Transport.DockerDaemon),
    ];

    /// <summary>Reads <c>transport:name</c>, <c>docker://</c> included.</summary>
    /// <exception cref="FormatException">The transport is unknown or the name missing.</exception>
    public static ImageReference Parse(string text)
    {
        int colon = text.IndexOf(':');
        if (colon < 0 || TransportOf(text[..colon]) is not { } transport)
        {
            string known = string.Join(", ", Prefixes.Select(entry => entry.Prefix + ":"));
            throw new FormatException($"'{text}' names no known transport; those are {known}");
        }

        string name = text[(colon + 1)..];
        if (transport == Transport.Registry && name.StartsWith("//", StringComparison.Ordinal))
        {
            name = name[2..];
        }
        else if (text.StartsWith("docker:", StringComparison.Ordinal))
        {
            throw new FormatException($"'{text}' lacks the two slashes of docker://");
        }

        return name.Length > 0 ? new ImageReference(transport, name) : throw new FormatException($"'{text}' names no image");
    }

    /// <summary>The transport of a word such as <c>registry</c> or <c>oci-archive</c>; <see langword="null"/> for an unknown one.</summary>
    public static Transport? TransportOf(string word)
    {
        foreach ((string prefix, Transport transport) in Prefixes)
        {
            if (prefix == word)
            {
                return transport;
            }
        }

        return null;
    }

    /// <summary>The word for a transport, as bootc's documents have it: <c>registry</c>, <c>oci-archive</c>.</summary>
    public static string NameOf(Transport transport) => Array.Find(Prefixes, entry => entry.Transport == transport).Prefix;

    /// <summary>The reference as containers/image writes it: <c>docker://registry.example.com/x:y</c>, <c>oci:/path</c>.</summary>
    public override string ToString() => Transport == Transport.Registry ? $"docker://{Name}" : $"{NameOf(Transport)}:{Name}";
}
