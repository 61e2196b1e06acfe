// What a bundle is checked against.
using System.Buffers;
using System.Security.Cryptography;

namespace Bootc.Signatures.Sigstore.Bundles;

/// <summary>A file or document that someone may have signed, or its digest alone. Each digest is computed when it is asked for, once.</summary>
public sealed class SignedArtifact
{
    private const int MaximumContent = 128 * 1024 * 1024;
    private const string DigestPrefix = "sha256:";
    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdefABCDEF");
    private readonly Dictionary<HashAlgorithmName, byte[]> _digests = [];
    private readonly Func<Stream>? _open;

    private SignedArtifact(string name, Func<Stream>? open)
    {
        Name = name;
        _open = open;
    }

    /// <summary>Its name, for messages.</summary>
    public string Name { get; }

    /// <summary>A file, which is read when it is needed.</summary>
    public static SignedArtifact FromFile(string path) => new($"'{path}'", () => new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 0, FileOptions.SequentialScan));

    /// <summary>An artifact that is not at hand, by its SHA-256 digest.</summary>
    /// <exception cref="ArgumentException">The digest has not 32 bytes.</exception>
    public static SignedArtifact FromDigest(ReadOnlySpan<byte> sha256)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(sha256.Length, SHA256.HashSizeInBytes);
        var artifact = new SignedArtifact($"{DigestPrefix}{Convert.ToHexStringLower(sha256)}", open: null);
        artifact._digests[HashAlgorithmName.SHA256] = sha256.ToArray();
        return artifact;
    }

    /// <summary>A file, or where there is none of that name and it is <c>sha256:</c> with 64 hexadecimal digits, what has this digest.</summary>
    public static SignedArtifact FromFileOrDigest(string name) =>
        name.StartsWith(DigestPrefix, StringComparison.Ordinal) && name.Length == DigestPrefix.Length + (2 * SHA256.HashSizeInBytes)
            && name.AsSpan(DigestPrefix.Length).IndexOfAnyExcept(HexDigits) < 0 && !Path.Exists(name)
            ? FromDigest(Convert.FromHexString(name.AsSpan(DigestPrefix.Length)))
            : FromFile(name);

    /// <summary>A document.</summary>
    public static SignedArtifact FromBytes(ReadOnlyMemory<byte> content, string name) => new(name, () => new MemoryStream(content.ToArray(), writable: false));

    /// <summary>Its digest.</summary>
    /// <exception cref="InvalidSignatureException">It is known by a digest of another kind.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    internal byte[] DigestBy(HashAlgorithmName algorithm)
    {
        if (!_digests.TryGetValue(algorithm, out byte[]? digest))
        {
            using Stream content = _open is null ? throw new InvalidSignatureException($"its {algorithm} digest is needed, and only {Name} is known") : _open();
            _digests[algorithm] = digest = CryptographicOperations.HashData(algorithm, content);
        }

        return digest;
    }

    /// <summary>The whole of it, for signatures that are not made over a digest.</summary>
    /// <exception cref="InvalidSignatureException">It is too large to be signed in that way, or not at hand.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    internal byte[] ReadContent()
    {
        using Stream stream = _open is null ? throw new InvalidSignatureException($"the key signs no digests, and of the artifact only {Name} is known") : _open();
        byte[] content = stream.Length <= MaximumContent
            ? new byte[stream.Length]
            : throw new InvalidSignatureException($"{Name} is larger than the {MaximumContent} bytes that can be verified by a key that signs no digests");
        stream.ReadExactly(content);
        return content;
    }
}
