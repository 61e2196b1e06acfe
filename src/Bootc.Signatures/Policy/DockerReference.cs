// Image names as signatures have them: expanded as Docker does, and compared as texts.
using Bootc.Oci;

namespace Bootc.Signatures.Policy;

/// <summary>An image's name with all that Docker leaves out, and its tag or digest, if any.</summary>
/// <param name="Name">Registry and repository.</param>
/// <param name="Tag">The tag.</param>
/// <param name="Digest">The digest.</param>
public sealed record DockerReference(string Name, string? Tag, string? Digest)
{
    /// <summary>Whether there is neither tag nor digest.</summary>
    public bool IsNameOnly => Tag is null && Digest is null;

    /// <summary>Reads a name.</summary>
    /// <exception cref="FormatException">It is malformed.</exception>
    public static DockerReference Parse(string text) => From(RegistryReference.Parse(text));

    private static DockerReference From(RegistryReference parsed) => new($"{parsed.Registry}/{parsed.Repository}", parsed.Tag, parsed.Digest?.ToString());

    /// <summary>Reads a name; <see langword="null"/> for a malformed one.</summary>
    public static DockerReference? TryParse(string text)
    {
        try
        {
            return Parse(text);
        }
        catch (FormatException)
        {
            return null;
        }
    }

    /// <summary>The name of an image where its transport gives it one; <see langword="null"/> for files and directories.</summary>
    public static DockerReference? Of(ImageReference image)
    {
        DockerReference? name = image.Transport switch
        {
            Transport.Registry or Transport.DockerDaemon => TryParse(image.Name),
            Transport.ContainersStorage => OfStorage(image.Name),
            Transport.DockerArchive when image.Name.IndexOf(':') is > 0 and int colon => TryParse(image.Name[(colon + 1)..]),
            _ => null,
        };
        return name is null ? null : WithTag(name);
    }

    // Which one a short name or an ID means is for the store to say; such images have no name here.
    private static DockerReference? OfStorage(string name)
    {
        string own = name.StartsWith('[') ? name[(name.IndexOf(']') + 1)..] : name;
        return ShortNames.IsQualified(own) ? TryParse(own) : null;
    }

    /// <summary>A name as those in registries are taken: without tag and digest, it is that of <c>latest</c>.</summary>
    public static DockerReference Of(RegistryReference name) => WithTag(From(name));

    private static DockerReference WithTag(DockerReference name) => name.IsNameOnly ? name with { Tag = "latest" } : name;

    /// <inheritdoc/>
    public override string ToString() => $"{Name}{(Tag is null ? "" : ":" + Tag)}{(Digest is null ? "" : "@" + Digest)}";
}
