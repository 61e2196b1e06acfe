// Dump files: a composefs tree as text, a line for each node.
using System.Globalization;
using System.Text;
using Bootc.Composefs.FsVerity;
using Bootc.Linux;

namespace Bootc.Composefs;

/// <summary>
/// Reads and writes composefs dump files (composefs-dump(5)): path, size, mode, links, uid, gid, device, mtime, payload,
/// content, digest and then extended attributes, separated by spaces, odd bytes as <c>\xNN</c>. Reading is as lenient as
/// mkcomposefs is by default.
/// </summary>
public static class DumpFile
{
    private const int BufferSize = 64 * 1024;
    private const int MaximumLineLength = 16 * 1024 * 1024; // far more than what the fields may hold
    private const int FixedFields = 11;
    private const int MaximumAttributesLength = ushort.MaxValue;

    private static readonly string[] FieldNames =
        ["path", "size", "mode", "link count", "uid", "gid", "device number", "mtime", "payload", "content", "digest"];

    /// <summary>Reads a tree.</summary>
    /// <exception cref="ComposefsFormatException">A line is malformed; its number and the reason are named.</exception>
    public static ComposefsNode Read(Stream source)
    {
        var tree = new DumpTree();
        int number = 0;
        foreach (ArraySegment<byte> line in ReadLines(source))
        {
            number++;
            try
            {
                ReadLine(tree, line);
            }
            catch (ComposefsFormatException e)
            {
                throw new ComposefsFormatException($"line {number} of the dump file: {e.Message}", e);
            }
        }

        return tree.Finish();
    }

    /// <summary>Writes a tree, as <c>composefs-info dump</c> does.</summary>
    public static void Write(ComposefsNode root, Stream destination) => new DumpWriter(destination).Write(root);

    // Lines are read one by one: the text may be much larger than the tree.
    private static IEnumerable<ArraySegment<byte>> ReadLines(Stream source)
    {
        byte[] buffer = new byte[BufferSize];
        int start = 0;
        int fill = 0;
        while (true)
        {
            int length = buffer.AsSpan(start, fill - start).IndexOf((byte)'\n');
            if (length >= 0)
            {
                yield return new ArraySegment<byte>(buffer, start, length);
                start += length + 1;
                continue;
            }

            buffer.AsSpan(start, fill - start).CopyTo(buffer);
            (start, fill) = (0, fill - start);
            if (fill == MaximumLineLength)
            {
                throw new ComposefsFormatException($"a line of the dump file is longer than {MaximumLineLength} bytes");
            }

            if (fill == buffer.Length)
            {
                Array.Resize(ref buffer, Math.Min(buffer.Length * 2, MaximumLineLength));
            }

            int count = source.Read(buffer, fill, buffer.Length - fill);
            fill += count;
            if (count == 0)
            {
                break;
            }
        }

        if (fill > 0)
        {
            yield return new ArraySegment<byte>(buffer, 0, fill);
        }
    }

    private static void ReadLine(DumpTree tree, ReadOnlySpan<byte> line)
    {
        if (line.Contains((byte)0))
        {
            throw new ComposefsFormatException($"there is a NUL character at position {line.IndexOf((byte)0)}");
        }

        Span<Range> fields = stackalloc Range[FixedFields];
        int position = 0;
        for (int i = 0; i < FixedFields; i++)
        {
            int length = position < line.Length ? line[position..].IndexOf((byte)' ') : 0;
            int end = length < 0 ? line.Length : Math.Min(position + length, line.Length);
            fields[i] = position..end;
            position = Math.Min(end + 1, line.Length);
        }

        ReadOnlySpan<byte> path = line[fields[0]].Contains((byte)'\\') ? Unescape(line[fields[0]]) : line[fields[0]];
        if (path.IsEmpty)
        {
            throw new ComposefsFormatException("the path is empty");
        }

        ReadOnlySpan<byte> modeText = line[fields[2]];
        bool isHardLink = modeText.StartsWith("@"u8);
        var node = new ComposefsNode(ParseMode(isHardLink ? modeText[1..] : modeText));
        tree.Add(path, node);
        if (isHardLink)
        {
            if (node.Kind == FileKind.Directory)
            {
                throw new ComposefsFormatException($"'{FileName.Decode(path)}' is a hard link to a directory");
            }

            tree.AddHardLink(node, UnescapeOptionalText(line[fields[8]]) is { } target
                ? target
                : throw new ComposefsFormatException($"the hard link '{FileName.Decode(path)}' has no target"));
            return;
        }

        FillNode(node, line, fields);
        ReadOnlySpan<byte> rest = line[position..];
        if (rest.Length > MaximumAttributesLength)
        {
            throw new ComposefsFormatException($"the extended attributes take more than {MaximumAttributesLength} characters");
        }

        AddAttributes(node, rest);
    }

    private static void FillNode(ComposefsNode node, ReadOnlySpan<byte> line, ReadOnlySpan<Range> fields)
    {
        ulong size = ParseNumber(line[fields[1]], 1);
        node.LinkCount = ParseNumber32(line[fields[3]], 3);
        node.Uid = ParseNumber32(line[fields[4]], 4);
        node.Gid = ParseNumber32(line[fields[5]], 5);
        uint device = ParseNumber32(line[fields[6]], 6);
        (node.ModifiedSeconds, node.ModifiedNanoseconds) = ParseTime(line[fields[7]]);
        string? payload = UnescapeOptionalText(line[fields[8]]);
        byte[]? content = UnescapeOptional(line[fields[9]]);
        if (content is not null && (ulong)content.Length != size)
        {
            throw new ComposefsFormatException($"the content has {content.Length} bytes, and the size is {size}");
        }

        if (node.Kind is FileKind.CharacterDevice or FileKind.BlockDevice)
        {
            node.DeviceNumber = device;
        }

        if (node.Kind == FileKind.SymbolicLink)
        {
            node.Payload = payload ?? "";
        }
        else
        {
            node.Payload = payload;
            if (content is not null)
            {
                node.Content = content;
            }

            node.Size = size;
        }

        if (UnescapeOptional(line[fields[10]]) is { Length: > 0 } digest)
        {
            node.Digest = VerityDigest.TryParse(digest, out VerityDigest parsed)
                ? parsed
                : throw new ComposefsFormatException($"'{Encoding.Latin1.GetString(digest)}' is no fs-verity digest");
        }
    }

    private static void AddAttributes(ComposefsNode node, ReadOnlySpan<byte> rest)
    {
        while (!rest.IsEmpty)
        {
            int space = rest.IndexOf((byte)' ');
            ReadOnlySpan<byte> attribute = space < 0 ? rest : rest[..space];
            rest = space < 0 ? [] : rest[(space + 1)..];
            int equals = attribute.IndexOf((byte)'=');
            if (equals < 0)
            {
                throw new ComposefsFormatException("an extended attribute has no '='");
            }

            node.SetExtendedAttribute(UnescapeText(attribute[..equals]), Unescape(attribute[(equals + 1)..]));
        }
    }

    private static uint ParseMode(ReadOnlySpan<byte> text)
    {
        uint mode = 0;
        foreach (byte digit in text)
        {
            if (digit is < (byte)'0' or > (byte)'7' || mode > uint.MaxValue >> 3)
            {
                throw new ComposefsFormatException($"'{Encoding.Latin1.GetString(text)}' is no octal mode");
            }

            mode = (mode << 3) | (uint)(digit - '0');
        }

        return text.IsEmpty ? throw new ComposefsFormatException("the mode is missing") : mode;
    }

    private static ulong ParseNumber(ReadOnlySpan<byte> text, int field) =>
        ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ulong value)
            ? value
            : throw new ComposefsFormatException($"the {FieldNames[field]} '{Encoding.Latin1.GetString(text)}' is no number");

    // The widths of an image's fields: what does not fit is not cut off.
    private static uint ParseNumber32(ReadOnlySpan<byte> text, int field) =>
        ParseNumber(text, field) is <= uint.MaxValue and ulong value
            ? (uint)value
            : throw new ComposefsFormatException($"the {FieldNames[field]} {Encoding.Latin1.GetString(text)} is larger than {uint.MaxValue}");

    private static (long Seconds, uint Nanoseconds) ParseTime(ReadOnlySpan<byte> text)
    {
        int dot = text.IndexOf((byte)'.');
        return dot >= 0
            && long.TryParse(text[..dot], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long seconds)
            && ulong.TryParse(text[(dot + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out ulong nanoseconds)
            ? (seconds, (uint)nanoseconds)
            : throw new ComposefsFormatException($"the mtime '{Encoding.Latin1.GetString(text)}' is not seconds and nanoseconds with a dot between");
    }

    private static string UnescapeText(ReadOnlySpan<byte> text) => FileName.Decode(text.Contains((byte)'\\') ? Unescape(text) : text);

    private static string? UnescapeOptionalText(ReadOnlySpan<byte> text) => text.SequenceEqual("-"u8) ? null : UnescapeText(text);

    private static byte[]? UnescapeOptional(ReadOnlySpan<byte> text) => text.SequenceEqual("-"u8) ? null : Unescape(text);

    private static byte[] Unescape(ReadOnlySpan<byte> text)
    {
        if (!text.Contains((byte)'\\'))
        {
            return text.ToArray();
        }

        var bytes = new List<byte>(text.Length);
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] != '\\')
            {
                bytes.Add(text[i]);
                continue;
            }

            switch (++i < text.Length ? (char)text[i] : '\0')
            {
                case '\\':
                    bytes.Add((byte)'\\');
                    break;
                case 'n':
                    bytes.Add((byte)'\n');
                    break;
                case 'r':
                    bytes.Add((byte)'\r');
                    break;
                case 't':
                    bytes.Add((byte)'\t');
                    break;
                case 'x' when i + 2 < text.Length && byte.TryParse(text.Slice(i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out byte value):
                    bytes.Add(value);
                    i += 2;
                    break;
                default:
                    throw new ComposefsFormatException($"'{Encoding.Latin1.GetString(text)}' has an invalid escape");
            }
        }

        return [.. bytes];
    }
}
