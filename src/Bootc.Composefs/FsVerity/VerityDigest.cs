// The digest by which the kernel knows a sealed file.
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Bootc.Composefs.FsVerity;

/// <summary>An fs-verity digest (SHA-256, blocks of 4096 bytes, no salt): 32 bytes, shown as 64 hexadecimal digits.</summary>
public readonly struct VerityDigest : IEquatable<VerityDigest>
{
    /// <summary>The size in bytes.</summary>
    public const int Size = 32;

    private readonly Words _words;

    /// <summary>A digest of 32 bytes.</summary>
    public VerityDigest(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Size)
        {
            throw new ArgumentException($"an fs-verity digest has {Size} bytes, not {bytes.Length}", nameof(bytes));
        }

        _words = MemoryMarshal.Read<Words>(bytes);
    }

    /// <summary>Reads 64 hexadecimal digits.</summary>
    /// <exception cref="FormatException">They are not.</exception>
    public static VerityDigest Parse(ReadOnlySpan<char> text) =>
        TryParse(text, out VerityDigest digest) ? digest : throw new FormatException($"'{text}' is no fs-verity digest: 64 hexadecimal digits are");

    /// <summary>Reads 64 hexadecimal digits.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out VerityDigest digest)
    {
        digest = default;
        Span<byte> bytes = stackalloc byte[Size];
        if (text.Length != Size * 2 || Convert.FromHexString(text, bytes, out _, out _) != System.Buffers.OperationStatus.Done)
        {
            return false;
        }

        digest = new VerityDigest(bytes);
        return true;
    }

    /// <summary>Reads 64 hexadecimal digits, given as ASCII.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out VerityDigest digest)
    {
        digest = default;
        Span<byte> bytes = stackalloc byte[Size];
        if (text.Length != Size * 2 || Convert.FromHexString(text, bytes, out _, out _) != System.Buffers.OperationStatus.Done)
        {
            return false;
        }

        digest = new VerityDigest(bytes);
        return true;
    }

    /// <summary>Copies the 32 bytes.</summary>
    public void CopyTo(Span<byte> destination) => AsSpan(in this).CopyTo(destination);

    /// <summary>The 32 bytes.</summary>
    public byte[] ToArray() => AsSpan(in this).ToArray();

    /// <summary>The bytes of a digest that stays where it is.</summary>
    public static ReadOnlySpan<byte> AsSpan(ref readonly VerityDigest digest) =>
        MemoryMarshal.AsBytes(new ReadOnlySpan<Words>(in digest._words));

    /// <inheritdoc/>
    public bool Equals(VerityDigest other) => AsSpan(in this).SequenceEqual(AsSpan(in other));

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is VerityDigest other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => MemoryMarshal.Read<int>(AsSpan(in this));

    /// <inheritdoc/>
    public override string ToString() => Convert.ToHexStringLower(AsSpan(in this));

    /// <summary>Whether two digests are the same.</summary>
    public static bool operator ==(VerityDigest left, VerityDigest right) => left.Equals(right);

    /// <summary>Whether two digests differ.</summary>
    public static bool operator !=(VerityDigest left, VerityDigest right) => !left.Equals(right);

    [InlineArray(4)]
    private struct Words
    {
        private ulong _first;
    }
}
