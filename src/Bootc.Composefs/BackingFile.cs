// What an image says of a file's content: where it is and what its digest is.
using System.Buffers;
using Bootc.Composefs.FsVerity;

namespace Bootc.Composefs;

/// <summary>
/// The place of a file's content and its digest, as a node has them: bytes that may belong to someone else, and what of them
/// is good. Objects of a repository or of a digest store have paths of 65 or 70 characters that say no more than 32 bytes do, and an
/// image has one for every file.
/// <code>
/// 0   what the path is made of, 32 bytes        32  fs-verity digest, 32 bytes
/// </code>
/// </summary>
internal readonly ref struct BackingFile(ReadOnlySpan<byte> bytes, bool hasName, bool hasDigest, bool hasSuffix)
{
    /// <summary>The bytes of all.</summary>
    public const int Size = NameSize + VerityDigest.Size;

    /// <summary>The bytes that a path is made of.</summary>
    public const int NameSize = 32;

    private const int DigitsLength = 1 + (NameSize * 2); // with a slash after the first two

    private static readonly SearchValues<byte> Digits = SearchValues.Create("0123456789abcdef"u8);

    public bool HasName { get; } = hasName;

    public bool HasDigest { get; } = hasDigest;

    /// <summary>Whether the path has the suffix that a repository's objects have.</summary>
    public bool HasSuffix { get; } = hasSuffix;

    /// <summary>The bytes that the path is made of, if it has a name.</summary>
    public ReadOnlySpan<byte> NameBytes { get; } = bytes[..Math.Min(bytes.Length, NameSize)];

    /// <summary>The digest's bytes, if there are any.</summary>
    public ReadOnlySpan<byte> DigestBytes { get; } = bytes[Math.Min(bytes.Length, NameSize)..];

    /// <summary>How many bytes the path has.</summary>
    public int PathLength => DigitsLength + (HasSuffix ? Suffix.Length : 0);

    private static ReadOnlySpan<byte> Suffix => ".file"u8;

    /// <summary>Takes a path apart if it is <c>ab/cdef…</c> or <c>ab/cdef….file</c>.</summary>
    /// <param name="path">The path.</param>
    /// <param name="name">Receives the bytes that it is made of.</param>
    /// <param name="hasSuffix">Whether it has the suffix.</param>
    public static bool TryParsePath(ReadOnlySpan<byte> path, Span<byte> name, out bool hasSuffix)
    {
        hasSuffix = false;
        if (path.Length < DigitsLength || path[2] != '/' || path[..2].ContainsAnyExcept(Digits) || path[3..DigitsLength].ContainsAnyExcept(Digits))
        {
            return false;
        }

        ReadOnlySpan<byte> suffix = path[DigitsLength..];
        if (!suffix.IsEmpty && !suffix.SequenceEqual(Suffix))
        {
            return false;
        }

        hasSuffix = !suffix.IsEmpty;
        Convert.FromHexString(path[..2], name, out _, out _);
        Convert.FromHexString(path[3..DigitsLength], name[1..], out _, out _);
        return true;
    }

    /// <summary>Writes the path, <see cref="PathLength"/> bytes.</summary>
    public void WritePath(Span<byte> destination)
    {
        Convert.TryToHexStringLower(NameBytes[..1], destination, out _);
        destination[2] = (byte)'/';
        Convert.TryToHexStringLower(NameBytes[1..], destination[3..], out _);
        if (HasSuffix)
        {
            Suffix.CopyTo(destination[DigitsLength..]);
        }
    }

    public string GetPath()
    {
        Span<byte> path = stackalloc byte[DigitsLength + Suffix.Length];
        WritePath(path);
        return System.Text.Encoding.ASCII.GetString(path[..PathLength]);
    }
}
