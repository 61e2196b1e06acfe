// What a bundle is checked against.
using System.Security.Cryptography;

namespace Bootc.Signatures.Sigstore.Bundles;

/// <summary>A file or document that someone may have signed. Each of its digests is computed when it is asked for, once.</summary>
public sealed class SignedArtifact
{
    private const int MaximumContent = 128 * 1024 * 1024;
    private readonly Dictionary<HashAlgorithmName, byte[]> _digests = [];
    private readonly Func<Stream> _open;

    private SignedArtifact(string name, Func<Stream> open)
    {
        Name = name;
        _open = open;
    }

    /// <summary>Its name, for messages.</summary>
    public string Name { get; }

    /// <summary>A file, which is read when it is needed.</summary>
    public static SignedArtifact FromFile(string path) => new($"'{path}'", () => new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 0, FileOptions.SequentialScan));

    /// <summary>A document.</summary>
    public static SignedArtifact FromBytes(ReadOnlyMemory<byte> content, string name) => new(name, () => new MemoryStream(content.ToArray(), writable: false));

    /// <summary>Its digest.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    internal byte[] DigestBy(HashAlgorithmName algorithm)
    {
        if (!_digests.TryGetValue(algorithm, out byte[]? digest))
        {
            using Stream content = _open();
            _digests[algorithm] = digest = CryptographicOperations.HashData(algorithm, content);
        }

        return digest;
    }

    /// <summary>The whole of it, for signatures that are not made over a digest.</summary>
    /// <exception cref="InvalidSignatureException">It is too large to be signed in that way.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    internal byte[] ReadContent()
    {
        using Stream stream = _open();
        byte[] content = stream.Length <= MaximumContent
            ? new byte[stream.Length]
            : throw new InvalidSignatureException($"{Name} is larger than the {MaximumContent} bytes that can be verified by a key that signs no digests");
        stream.ReadExactly(content);
        return content;
    }
}
