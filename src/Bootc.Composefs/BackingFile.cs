// What an image says of a file's content: where it is and what its digest is.
using System.Buffers;
using Bootc.Composefs.FsVerity;

namespace Bootc.Composefs;

/// <summary>
/// The digest and the place of a file's content, as bytes. Objects of a repository or of a digest store have paths of 65 or 70
/// characters that say no more than 32 bytes do, and an image has one for every file.
/// </summary>
internal sealed class BackingFile
{
    private const int NameSize = 32;
    private const int DigitsLength = 1 + (NameSize * 2); // with a slash after the first two

    private static readonly SearchValues<byte> Digits = SearchValues.Create("0123456789abcdef"u8);

    private VerityDigest _digest;
    private VerityDigest _name; // 32 bytes like any other
    private byte _suffixLength;
    private bool _hasName;

    public bool HasDigest { get; private set; }

    public VerityDigest? Digest
    {
        get => HasDigest ? _digest : null;
        set
        {
            HasDigest = value is not null;
            _digest = value.GetValueOrDefault();
        }
    }

    public bool HasName => _hasName;

    /// <summary>The digest's bytes, if there are any.</summary>
    public ReadOnlySpan<byte> DigestBytes => VerityDigest.AsSpan(in _digest);

    /// <summary>The bytes that the path is made of, if there are any.</summary>
    public ReadOnlySpan<byte> NameBytes => VerityDigest.AsSpan(in _name);

    public bool HasSuffix => _suffixLength > 0;

    /// <summary>How many bytes the path has.</summary>
    public int PathLength => DigitsLength + _suffixLength;

    private static ReadOnlySpan<byte> Suffix => ".file"u8;

    /// <summary>Takes a path over if it is <c>ab/cdef…</c> or <c>ab/cdef….file</c>.</summary>
    public bool TrySetPath(ReadOnlySpan<byte> path)
    {
        _hasName = false;
        if (path.Length < DigitsLength || path[2] != '/' || path[..2].ContainsAnyExcept(Digits) || path[3..DigitsLength].ContainsAnyExcept(Digits))
        {
            return false;
        }

        ReadOnlySpan<byte> suffix = path[DigitsLength..];
        if (!suffix.IsEmpty && !suffix.SequenceEqual(Suffix))
        {
            return false;
        }

        Span<byte> name = stackalloc byte[NameSize];
        Convert.FromHexString(path[..2], name, out _, out _);
        Convert.FromHexString(path[3..DigitsLength], name[1..], out _, out _);
        SetName(name, isObject: !suffix.IsEmpty);
        return true;
    }

    /// <summary>Sets the path of a checksum: with the suffix that a repository's objects have, or without.</summary>
    public void SetName(ReadOnlySpan<byte> name, bool isObject)
    {
        _name = new VerityDigest(name);
        _suffixLength = (byte)(isObject ? Suffix.Length : 0);
        _hasName = true;
    }

    public void ClearName() => _hasName = false;

    /// <summary>Writes the path, <see cref="PathLength"/> bytes.</summary>
    public void WritePath(Span<byte> destination)
    {
        ReadOnlySpan<byte> name = NameBytes;
        Convert.TryToHexStringLower(name[..1], destination, out _);
        destination[2] = (byte)'/';
        Convert.TryToHexStringLower(name[1..], destination[3..], out _);
        Suffix[.._suffixLength].CopyTo(destination[DigitsLength..]);
    }

    public string GetPath() => string.Create(PathLength, this, static (text, file) =>
    {
        Span<byte> bytes = stackalloc byte[text.Length];
        file.WritePath(bytes);
        System.Text.Ascii.ToUtf16(bytes, text, out _);
    });
}
