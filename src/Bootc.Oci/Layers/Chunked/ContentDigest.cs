// The digest of a file's content or of a chunk of it, as tables of contents have tens of thousands of them.
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Bootc.Oci.Layers.Chunked;

/// <summary>A SHA-256 of content: 32 bytes, written <c>sha256:</c> and 64 hexadecimal digits.</summary>
public readonly struct ContentDigest : IEquatable<ContentDigest>, IComparable<ContentDigest>
{
    /// <summary>The size in bytes.</summary>
    public const int Size = 32;

    private readonly Words _words;

    /// <summary>A digest of 32 bytes.</summary>
    public ContentDigest(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Size)
        {
            throw new ArgumentException($"a digest has {Size} bytes, not {bytes.Length}", nameof(bytes));
        }

        _words = MemoryMarshal.Read<Words>(bytes);
    }

    /// <summary>The digest of <paramref name="content"/>.</summary>
    public static ContentDigest Compute(ReadOnlySpan<byte> content)
    {
        Span<byte> hash = stackalloc byte[Size];
        SHA256.HashData(content, hash);
        return new ContentDigest(hash);
    }

    /// <summary>Reads <c>sha256:</c> and 64 lower-case hexadecimal digits.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out ContentDigest digest)
    {
        digest = default;
        if (text.Length != 7 + (2 * Size) || !text.StartsWith("sha256:"u8) || text[7..].ContainsAnyExcept("0123456789abcdef"u8))
        {
            return false;
        }

        Span<byte> bytes = stackalloc byte[Size];
        Convert.FromHexString(text[7..], bytes, out _, out _);
        digest = new ContentDigest(bytes);
        return true;
    }

    /// <summary>The 32 bytes of a digest that stays where it is.</summary>
    public static ReadOnlySpan<byte> AsSpan(ref readonly ContentDigest digest) => MemoryMarshal.AsBytes(new ReadOnlySpan<Words>(in digest._words));

    /// <inheritdoc/>
    public bool Equals(ContentDigest other) => AsSpan(in this).SequenceEqual(AsSpan(in other));

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is ContentDigest other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => MemoryMarshal.Read<int>(AsSpan(in this));

    /// <inheritdoc/>
    public int CompareTo(ContentDigest other) => AsSpan(in this).SequenceCompareTo(AsSpan(in other));

    /// <inheritdoc/>
    public override string ToString() => "sha256:" + Convert.ToHexStringLower(AsSpan(in this));

    /// <summary>Whether two digests are the same.</summary>
    public static bool operator ==(ContentDigest left, ContentDigest right) => left.Equals(right);

    /// <summary>Whether two digests differ.</summary>
    public static bool operator !=(ContentDigest left, ContentDigest right) => !left.Equals(right);

    [InlineArray(4)]
    private struct Words
    {
        private ulong _first;
    }
}
