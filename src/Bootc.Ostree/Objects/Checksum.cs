// The name of an ostree object: a SHA-256.
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Bootc.Ostree.Objects;

/// <summary>A SHA-256 checksum: 32 bytes, shown as 64 lower-case hexadecimal digits.</summary>
public readonly struct Checksum : IEquatable<Checksum>, IComparable<Checksum>
{
    /// <summary>The size in bytes.</summary>
    public const int Size = 32;

    private readonly Words _words;

    /// <summary>A checksum of 32 bytes.</summary>
    public Checksum(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Size)
        {
            throw new ArgumentException($"a checksum has {Size} bytes, not {bytes.Length}", nameof(bytes));
        }

        _words = MemoryMarshal.Read<Words>(bytes);
    }

    /// <summary>A checksum of 32 bytes.</summary>
    public static Checksum FromBytes(ReadOnlySpan<byte> bytes) => new(bytes);

    /// <summary>The checksum of <paramref name="data"/>.</summary>
    public static Checksum Compute(ReadOnlySpan<byte> data)
    {
        Span<byte> hash = stackalloc byte[Size];
        SHA256.HashData(data, hash);
        return new Checksum(hash);
    }

    /// <summary>Reads 64 lower-case hexadecimal digits.</summary>
    /// <exception cref="FormatException">They are not.</exception>
    public static Checksum Parse(ReadOnlySpan<char> text) =>
        TryParse(text, out Checksum checksum) ? checksum : throw new FormatException($"'{text}' is no checksum: 64 lower-case hexadecimal digits are");

    /// <summary>Reads 64 lower-case hexadecimal digits.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out Checksum checksum)
    {
        checksum = default;
        if (text.Length != Size * 2 || text.ContainsAnyExcept("0123456789abcdef"))
        {
            return false;
        }

        Span<byte> bytes = stackalloc byte[Size];
        Convert.FromHexString(text, bytes, out _, out _);
        checksum = new Checksum(bytes);
        return true;
    }

    /// <summary>Copies the 32 bytes.</summary>
    public void CopyTo(Span<byte> destination) => AsSpan(in this).CopyTo(destination);

    /// <summary>The 32 bytes.</summary>
    public byte[] ToArray() => AsSpan(in this).ToArray();

    /// <summary>The bytes of a checksum that stays where it is.</summary>
    public static ReadOnlySpan<byte> AsSpan(ref readonly Checksum checksum) =>
        MemoryMarshal.AsBytes(new ReadOnlySpan<Words>(in checksum._words));

    /// <inheritdoc/>
    public bool Equals(Checksum other) => AsSpan(in this).SequenceEqual(AsSpan(in other));

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Checksum other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => MemoryMarshal.Read<int>(AsSpan(in this));

    /// <inheritdoc/>
    public int CompareTo(Checksum other) => AsSpan(in this).SequenceCompareTo(AsSpan(in other));

    /// <inheritdoc/>
    public override string ToString() => Convert.ToHexStringLower(AsSpan(in this));

    /// <summary>Whether two checksums are the same.</summary>
    public static bool operator ==(Checksum left, Checksum right) => left.Equals(right);

    /// <summary>Whether two checksums differ.</summary>
    public static bool operator !=(Checksum left, Checksum right) => !left.Equals(right);

    [InlineArray(4)]
    private struct Words
    {
        private ulong _first;
    }
}
