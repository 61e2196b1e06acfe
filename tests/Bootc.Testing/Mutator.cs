// Changes input at random, and the same way in every run.
using System.Text;

namespace Bootc.Testing;

/// <summary>Makes input that is almost right: what readers of hostile input have to cope with.</summary>
public sealed class Mutator(int seed)
{
    private const int MaximumSize = 1 << 20;
    private const int DeepNesting = 20_000;

    private static readonly byte[][] Words = [.. new[]
    {
        "{", "}", "[", "]", ",", ":", "\"", "\"\"", "null", "true", "false", "0", "-1", "1e400", "0.5", "00", "9223372036854775807", "-9223372036854775808", "9223372036854775808", "18446744073709551616",
        "99999999999999999999999999999999", "\\ud800", "\\u0000", "\\", "\n", "\r\n", "\t", " ", "=", "#", "'", "*", "..", "/", "//", "../../etc/passwd", "\0", "sha256:", "sha512:", "{}", "[]", "[[", "]]", "&a", "*a", "<<", "!!", "---",
    }.Select(word => Encoding.UTF8.GetBytes(word)), [0xff], [0xff, 0xff, 0xff, 0xff], [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f], [0, 0, 0, 0, 0, 0, 0, 0x80], [0x80], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xef, 0xbb, 0xbf]];

    /// <summary>The source of chance, for mutations of a format's own.</summary>
    public Random Random { get; } = new(seed);

    /// <summary>One to four changes of any kind of content: bytes changed, cut out, repeated, moved, cut off.</summary>
    public byte[] Mutate(ReadOnlySpan<byte> original) => Mutate(original, static (mutator, content) => mutator.Change(content));

    /// <summary>One to four changes of a text: besides those of bytes, words that mean something in many formats, numbers out of range, nesting, keys twice.</summary>
    public byte[] MutateText(ReadOnlySpan<byte> original) => Mutate(original, static (mutator, content) => mutator.ChangeText(content));

    /// <summary>Changes of a tar stream. Most of those in headers would be found by their checksums, so that half of these are made right again.</summary>
    public byte[] MutateTar(ReadOnlySpan<byte> original)
    {
        byte[] tar = Mutate(original);
        for (int block = 0; block + 512 <= tar.Length; block += 512)
        {
            Span<byte> header = tar.AsSpan(block, 512);
            if (!header.Slice(257, 5).SequenceEqual("ustar"u8) || Random.Next(2) == 0)
            {
                continue;
            }

            header.Slice(148, 8).Fill((byte)' ');
            int sum = 0;
            foreach (byte value in header)
            {
                sum += value;
            }

            Encoding.ASCII.GetBytes(Convert.ToString(sum, 8).PadLeft(6, '0') + "\0 ").CopyTo(header[148..]);
        }

        return tar;
    }

    private byte[] Mutate(ReadOnlySpan<byte> original, Func<Mutator, byte[], byte[]> change)
    {
        byte[] content = original.ToArray();
        for (int i = Random.Next(1, 5); i > 0; i--)
        {
            byte[] changed = change(this, content);
            content = changed.Length <= MaximumSize ? changed : content;
        }

        return content;
    }

    private byte[] Change(byte[] content)
    {
        if (content.Length == 0)
        {
            return Pick(Words);
        }

        (int at, int length) = Piece(content);
        byte[] changed = [.. content];
        switch (Random.Next(8))
        {
            case 0:
                changed[at] ^= (byte)(1 << Random.Next(8));
                return changed;
            case 1:
                changed[at] = (byte)Random.Next(256);
                return changed;
            case 2:
                changed.AsSpan(at, length).Fill(Random.Next(2) == 0 ? (byte)0 : (byte)0xff);
                return changed;
            case 3:
                return [.. content[..at], .. content[(at + length)..]];
            case 4:
                return [.. content[..(at + length)], .. content[at..]];
            case 5:
                return content[..at];
            case 6:
                (int from, int count) = Piece(content);
                content.AsSpan(from, Math.Min(count, content.Length - at)).CopyTo(changed.AsSpan(at));
                return changed;
            default:
                return [.. content[..at], .. Pick(Words), .. content[at..]];
        }
    }

    private byte[] ChangeText(byte[] content)
    {
        if (content.Length == 0 || Random.Next(3) == 0)
        {
            return Change(content);
        }

        int at = Random.Next(content.Length);
        switch (Random.Next(6))
        {
            case 0:
                // A number, if there is one further on.
                int number = content.AsSpan(at).IndexOfAnyInRange((byte)'0', (byte)'9');
                return number < 0 ? content : [.. content[..(at + number)], .. Pick(Words), .. content[(at + number + 1)..]];
            case 1:
                int quote = content.AsSpan(at).IndexOf((byte)'"');
                return quote < 0 ? content : [.. content[..(at + quote + 1)], .. Pick(Words), .. content[(at + quote + 1)..]];
            case 2:
                // From one comma or end of line to the next, twice: keys that are there already, elements, lines.
                int start = content.AsSpan(at).IndexOfAny((byte)',', (byte)'\n');
                int end = start < 0 ? -1 : content.AsSpan(at + start + 1).IndexOfAny((byte)',', (byte)'\n');
                return end < 0 ? content : [.. content[..(at + start + 1 + end)], .. content[(at + start)..]];
            case 3:
                byte[] open = Pick<byte[]>(["["u8.ToArray(), "{\"a\":"u8.ToArray(), "("u8.ToArray(), "- "u8.ToArray()]);
                return [.. content[..at], .. Enumerable.Repeat(open, Random.Next(2) == 0 ? 70 : DeepNesting).SelectMany(each => each), .. content[at..]];
            case 4:
                return [.. content[..at], .. Enumerable.Repeat(Pick(Words), Random.Next(1, 3000)).SelectMany(each => each), .. content[at..]];
            default:
                return [.. content[..at], .. Pick(Words), .. content[at..]];
        }
    }

    private (int At, int Length) Piece(byte[] content)
    {
        int at = Random.Next(content.Length);
        int most = Random.Next(4) == 0 ? 600 : 20;
        return (at, Math.Min(Random.Next(1, most), content.Length - at));
    }

    private T Pick<T>(T[] from) => from[Random.Next(from.Length)];
}
