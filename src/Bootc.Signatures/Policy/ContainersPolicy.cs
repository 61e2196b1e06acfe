// A policy: which images need which signatures.
using System.Text.Json;
using Bootc.Oci;
using Bootc.Signatures.Json;

namespace Bootc.Signatures.Policy;

/// <summary>
/// A containers-policy.json(5). It is read whole and strictly, as containers/image does: an unknown or repeated key anywhere, and
/// nothing may be used by it.
/// </summary>
public sealed class ContainersPolicy
{
    private readonly IReadOnlyList<PolicyRequirement> _default;
    private readonly Dictionary<string, Dictionary<string, IReadOnlyList<PolicyRequirement>>> _transports;

    internal ContainersPolicy(
        string name, IReadOnlyList<PolicyRequirement> fallback, Dictionary<string, Dictionary<string, IReadOnlyList<PolicyRequirement>>> transports)
    {
        Name = name;
        _default = fallback;
        _transports = transports;
    }

    /// <summary>The policy's name for messages: its path.</summary>
    public string Name { get; }

    /// <summary>Reads a policy file.</summary>
    /// <returns>The policy; <see langword="null"/> when there is no such file.</returns>
    /// <exception cref="PolicyFormatException">It is malformed.</exception>
    public static ContainersPolicy? TryLoad(string path)
    {
        try
        {
            return Parse(File.ReadAllBytes(path), path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    /// <summary>Reads a policy.</summary>
    /// <param name="json">The document.</param>
    /// <param name="name">A name for messages.</param>
    /// <exception cref="PolicyFormatException">It is malformed.</exception>
    public static ContainersPolicy Parse(ReadOnlyMemory<byte> json, string name)
    {
        try
        {
            using JsonDocument document = StrictObject.Parse(json);
            return PolicyReader.Read(new StrictObject(document.RootElement, ""), name);
        }
        catch (JsonFormatException e)
        {
            throw new PolicyFormatException($"{name} is malformed, so nothing may be used: {e.Message}", e);
        }
    }

    /// <summary>What the policy asks of an image: by the narrowest scope of its transport, or else by default.</summary>
    /// <param name="image">The image.</param>
    /// <param name="options">Where the host's settings are, of which storage is one.</param>
    /// <exception cref="PolicyFormatException">It is not known which scope means the image.</exception>
    /// <exception cref="OciException">The image is one of a storage, and there is none.</exception>
    public PolicyChoice Find(ImageReference image, OciOptions? options = null)
    {
        string transport = PolicyScopes.TransportOf(image);
        if (_transports.TryGetValue(transport, out var scopes))
        {
            foreach (string scope in image.Transport == Transport.ContainersStorage ? ScopesOfStorage(image, scopes, options ?? new OciOptions()) : PolicyScopes.Of(image))
            {
                if (scopes.TryGetValue(scope, out IReadOnlyList<PolicyRequirement>? found))
                {
                    return new PolicyChoice(scope.Length == 0 ? $"all of {transport}" : $"{transport} {scope}", found);
                }
            }
        }

        return new PolicyChoice("the default", _default);
    }

    /// <summary>What the policy asks of an image that is followed by another name than the one it is looked up by: what it asks of either.</summary>
    /// <param name="image">The image.</param>
    /// <param name="followed">The other name; <see langword="null"/> where there is none.</param>
    /// <param name="options">Where the host's settings are, of which storage is one.</param>
    /// <exception cref="PolicyFormatException">It is not known which scope means the image.</exception>
    /// <exception cref="OciException">The image is one of a storage, and there is none.</exception>
    public PolicyChoice Find(ImageReference image, ImageReference? followed, OciOptions? options)
    {
        PolicyChoice own = Find(image, options);
        PolicyChoice wished = followed is null ? own : Find(followed, options);
        return wished.Scope == own.Scope ? own : new PolicyChoice($"{wished.Scope}, {own.Scope}", [.. wished.Requirements, .. own.Requirements]);
    }

    // A store is looked at only where that matters. A name that may stand for several images has no scope to be found by.
    private IEnumerable<string> ScopesOfStorage(ImageReference image, Dictionary<string, IReadOnlyList<PolicyRequirement>> scopes, OciOptions options) =>
        scopes.Keys.FirstOrDefault(scope => scope.Length > 0) is not { } narrow ? [""]
        : StorageReference.TryParse(image, options) is { } stored ? PolicyScopes.Of(stored)
        : throw new PolicyFormatException($"{Name} means images of containers-storage by stores and names ({narrow}), and which of them '{image.Name}' is depends on what the store has: give the full name, with the registry that it begins with, or the whole ID");
}
