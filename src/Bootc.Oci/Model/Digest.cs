// The digest by which content is addressed.
using System.Security.Cryptography;

namespace Bootc.Oci.Model;

/// <summary>A digest: <c>sha256:</c> or <c>sha512:</c> and lower-case hexadecimal digits (OCI image-spec, descriptor.md).</summary>
public readonly record struct Digest
{
    private Digest(string algorithm, string hex)
    {
        Algorithm = algorithm;
        Hex = hex;
    }

    /// <summary><c>sha256</c> or <c>sha512</c>.</summary>
    public string Algorithm { get; }

    /// <summary>The hexadecimal digits.</summary>
    public string Hex { get; }

    /// <summary>The name of the hash algorithm for <see cref="IncrementalHash"/>.</summary>
    public HashAlgorithmName HashAlgorithm => Algorithm == "sha512" ? HashAlgorithmName.SHA512 : HashAlgorithmName.SHA256;

    /// <summary>The SHA-256 digest of <paramref name="content"/>.</summary>
    public static Digest Compute(ReadOnlySpan<byte> content) => FromHash(SHA256.HashData(content));

    /// <summary>The digest for a hash of 32 (SHA-256) or 64 bytes (SHA-512).</summary>
    public static Digest FromHash(ReadOnlySpan<byte> hash) => new(hash.Length == 64 ? "sha512" : "sha256", Convert.ToHexStringLower(hash));

    /// <summary>Checks that content has this digest, by its own algorithm.</summary>
    /// <param name="content">The content.</param>
    /// <param name="what">What it is, for the error.</param>
    /// <exception cref="DigestMismatchException">It has another one.</exception>
    public void Require(ReadOnlySpan<byte> content, string what)
    {
        Digest actual = FromHash(Algorithm == "sha512" ? SHA512.HashData(content) : SHA256.HashData(content));
        if (actual.ToString() != ToString())
        {
            throw new DigestMismatchException(what, this, actual.ToString());
        }
    }

    /// <summary>Reads a digest.</summary>
    /// <exception cref="FormatException">It is malformed or of an unsupported algorithm.</exception>
    public static Digest Parse(string text) =>
        TryParse(text, out Digest digest) ? digest : throw new FormatException($"'{text}' is no digest such as sha256: and 64 lower-case hexadecimal digits");

    /// <summary>Reads a digest.</summary>
    public static bool TryParse(string? text, out Digest digest)
    {
        digest = default;
        int colon = text?.IndexOf(':') ?? -1;
        if (colon < 0)
        {
            return false;
        }

        string algorithm = text![..colon];
        string hex = text[(colon + 1)..];
        int length = algorithm switch { "sha256" => 64, "sha512" => 128, _ => -1 };
        if (hex.Length != length || hex.AsSpan().ContainsAnyExcept("0123456789abcdef"))
        {
            return false;
        }

        digest = new Digest(algorithm, hex);
        return true;
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Algorithm}:{Hex}";
}
