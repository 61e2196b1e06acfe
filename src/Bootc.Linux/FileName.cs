// File names are bytes to the kernel and strings to us; this is the lossless way between the two.
using System.Buffers;
using System.Text;
using System.Text.Unicode;

namespace Bootc.Linux;

/// <summary>
/// Converts file names between the kernel's bytes and strings. UTF-8 becomes the same text; each byte that is not part of
/// valid UTF-8 becomes a lone surrogate U+DC80..U+DCFF, so that every name survives the way there and back.
/// </summary>
public static class FileName
{
    /// <summary>The string for a file name's bytes.</summary>
    public static string Decode(ReadOnlySpan<byte> bytes)
    {
        if (Utf8.IsValid(bytes))
        {
            return Encoding.UTF8.GetString(bytes);
        }

        var text = new StringBuilder(bytes.Length);
        while (!bytes.IsEmpty)
        {
            OperationStatus status = Rune.DecodeFromUtf8(bytes, out Rune rune, out int consumed);
            if (status == OperationStatus.Done)
            {
                text.Append(rune.ToString());
                bytes = bytes[consumed..];
                continue;
            }

            text.Append((char)(0xDC00 + bytes[0]));
            bytes = bytes[1..];
        }

        return text.ToString();
    }

    /// <summary>The bytes for a file name, without a terminator.</summary>
    /// <exception cref="ArgumentException">The name has a surrogate that stands for no byte.</exception>
    public static byte[] Encode(string name)
    {
        if (Ascii.IsValid(name))
        {
            byte[] ascii = new byte[name.Length];
            Ascii.FromUtf16(name, ascii, out _);
            return ascii;
        }

        byte[] buffer = new byte[GetMaxByteCount(name)];
        int length = Encode(name, buffer);
        return buffer[..length];
    }

    /// <summary>How many bytes a file name has, without a terminator.</summary>
    /// <exception cref="ArgumentException">The name has a surrogate that stands for no byte.</exception>
    public static int GetByteCount(string name) => Ascii.IsValid(name) ? name.Length : Encode(name).Length;

    /// <summary>Whether the name is plain Unicode, that is, its bytes are valid UTF-8.</summary>
    public static bool IsUtf8(string name) =>
        name.AsSpan().IndexOfAnyInRange('\uD800', '\uDFFF') < 0 || !HasLoneSurrogate(name);

    internal static int GetMaxByteCount(string name) => name.Length * 3;

    /// <summary>Writes the bytes of a file name, without a terminator, and returns how many they are.</summary>
    /// <param name="name">The name.</param>
    /// <param name="buffer">Room for at least <see cref="GetByteCount"/> bytes.</param>
    /// <exception cref="ArgumentException">The name has a surrogate that stands for no byte.</exception>
    public static int Encode(string name, Span<byte> buffer)
    {
        OperationStatus status = Utf8.FromUtf16(name, buffer, out _, out int written, replaceInvalidSequences: false);
        if (status == OperationStatus.Done)
        {
            return written;
        }

        return EncodeEscaped(name, buffer);
    }

    private static int EncodeEscaped(string name, Span<byte> buffer)
    {
        int written = 0;
        for (int i = 0; i < name.Length;)
        {
            if (Rune.DecodeFromUtf16(name.AsSpan(i), out Rune rune, out int consumed) == OperationStatus.Done)
            {
                written += rune.EncodeToUtf8(buffer[written..]);
                i += consumed;
                continue;
            }

            if (name[i] is < '\uDC80' or > '\uDCFF')
            {
                throw new ArgumentException($"the file name has a lone surrogate U+{(int)name[i]:X4} that stands for no byte", nameof(name));
            }

            buffer[written++] = (byte)(name[i] - 0xDC00);
            i++;
        }

        return written;
    }

    private static bool HasLoneSurrogate(ReadOnlySpan<char> name)
    {
        while (!name.IsEmpty)
        {
            if (Rune.DecodeFromUtf16(name, out _, out int consumed) != OperationStatus.Done)
            {
                return true;
            }

            name = name[consumed..];
        }

        return false;
    }
}
