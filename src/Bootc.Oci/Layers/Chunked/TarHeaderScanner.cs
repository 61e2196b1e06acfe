// Reads the headers of a tar stream whose every byte is kept.
using System.Buffers;
using System.Globalization;
using System.Text;

namespace Bootc.Oci.Layers.Chunked;

/// <summary>
/// Goes through a tar stream header by header. It reads fields as archive/tar of Go does, by which containers/storage compares
/// tables of contents with headers: names and sizes from PAX records or GNU long names, numbers in octal or base 256.
/// </summary>
/// <remarks>
/// A block of 512 bytes: name 0 (100), mode 100 (8), uid 108 (8), gid 116 (8), size 124 (12), mtime 136 (12), checksum 148 (8),
/// typeflag 156, link name 157 (100), magic 257 (8), device numbers 329 and 337 (8 each), prefix 345 (155); in GNU's format
/// atime 345 (12) and ctime 357 (12); in star's, prefix 345 (131), atime 476 (12), ctime 488 (12), "tar\0" 508.
/// </remarks>
internal sealed class TarHeaderScanner(Stream source)
{
    private const int BlockSize = 512;
    private const int MaximumExtensionSize = 1 << 20;
    private const string AttributePrefix = "SCHILY.xattr.";

    private readonly byte[] _block = new byte[BlockSize];
    private readonly ArrayBufferWriter<byte> _raw = new(4096);
    private long _rest;
    private int _padding;

    /// <summary>The bytes since the content before: its padding, and the header with its extensions.</summary>
    public ReadOnlySpan<byte> Raw => _raw.WrittenSpan;

    /// <summary>Moves to the next header, when the content of the one before is read.</summary>
    /// <returns>The header, or <see langword="null"/> at the end, where <see cref="Raw"/> is what stood before the end mark and its first block.</returns>
    /// <exception cref="FormatException">The stream is malformed, or has what a table of contents cannot tell.</exception>
    public TarHeader? Next()
    {
        _raw.ResetWrittenCount();
        TakeRaw(_padding);
        _padding = 0;
        var pax = new Dictionary<string, byte[]>();
        byte[]? longName = null;
        byte[]? longLink = null;
        while (true)
        {
            int count = source.ReadAtLeast(_block, BlockSize, throwOnEndOfStream: false);
            _raw.Write(_block.AsSpan(0, count));
            if (count < BlockSize || !_block.AsSpan().ContainsAnyExcept((byte)0))
            {
                bool isEnd = pax.Count == 0 && longName is null && longLink is null && !_block.AsSpan(0, count).ContainsAnyExcept((byte)0);
                return isEnd ? null : throw new FormatException("the tar stream ends within a header");
            }

            VerifyChecksum(_block);
            switch (_block[156])
            {
                case (byte)'x':
                    ParsePax(TakeExtension(), pax);
                    continue;
                case (byte)'L':
                    longName = UntilNul(TakeExtension()).ToArray();
                    continue;
                case (byte)'K':
                    longLink = UntilNul(TakeExtension()).ToArray();
                    continue;
            }

            return MakeHeader(_block, pax, longName, longLink);
        }
    }

    /// <summary>Reads content of the current entry.</summary>
    /// <returns>How many bytes were read; 0 at its end.</returns>
    /// <exception cref="FormatException">The stream ends within it.</exception>
    public int ReadContent(Span<byte> buffer)
    {
        int wanted = (int)Math.Min(buffer.Length, _rest);
        if (wanted == 0)
        {
            return 0;
        }

        int count = source.Read(buffer[..wanted]);
        _rest -= count;
        return count > 0 ? count : throw new FormatException("the tar stream ends within a file");
    }

    /// <summary>Goes to the end of the content, in a source that can seek.</summary>
    /// <exception cref="FormatException">The stream ends within it.</exception>
    public void SkipContent()
    {
        source.Position += _rest <= source.Length - source.Position ? _rest : throw new FormatException("the tar stream ends within a file");
        _rest = 0;
    }

    /// <summary>Reads what follows the end mark, to the end of the stream.</summary>
    public int ReadRest(Span<byte> buffer) => source.Read(buffer);

    private TarHeader MakeHeader(ReadOnlySpan<byte> block, Dictionary<string, byte[]> pax, byte[]? longName, byte[]? longLink)
    {
        if (block[156] == 'S' || pax.Keys.Any(key => key.StartsWith("GNU.sparse.", StringComparison.Ordinal)))
        {
            throw new FormatException("the tar stream has a sparse file");
        }

        bool isUstar = block.Slice(257, 6).SequenceEqual("ustar\0"u8);
        bool isGnu = block.Slice(257, 8).SequenceEqual("ustar  \0"u8);
        bool isStar = isUstar && block.Slice(508, 4).SequenceEqual("tar\0"u8);
        ReadOnlySpan<byte> prefix = isStar ? UntilNul(block.Slice(345, 131)) : isUstar ? UntilNul(block.Slice(345, 155)) : [];
        byte[] name = longName ?? Text(pax, "path") ?? [.. prefix, .. prefix.IsEmpty ? [] : "/"u8, .. UntilNul(block[..100])];
        byte type = block[156] == 0 ? (byte)(name.AsSpan().EndsWith("/"u8) ? '5' : '0') : block[156];
        long size = Number(pax, "size") ?? ParseNumber(block.Slice(124, 12));
        bool hasContent = type is not (>= (byte)'1' and <= (byte)'6');
        if (size < 0)
        {
            throw new FormatException($"the tar stream has an entry of {size} bytes");
        }

        _rest = hasContent ? size : 0;
        _padding = (int)(-_rest & (BlockSize - 1));
        return new TarHeader
        {
            Type = type,
            Name = name,
            LinkName = longLink ?? Text(pax, "linkpath") ?? UntilNul(block.Slice(157, 100)).ToArray(),
            Mode = ParseNumber(block.Slice(100, 8)),
            Uid = Number(pax, "uid") ?? ParseNumber(block.Slice(108, 8)),
            Gid = Number(pax, "gid") ?? ParseNumber(block.Slice(116, 8)),
            Size = size,
            Modified = Time(pax, "mtime") ?? new TarTime(ParseNumber(block.Slice(136, 12))),
            Accessed = Time(pax, "atime") ?? (isGnu ? OldTime(block.Slice(345, 12)) : isStar ? OldTime(block.Slice(476, 12)) : null),
            Changed = Time(pax, "ctime") ?? (isGnu ? OldTime(block.Slice(357, 12)) : isStar ? OldTime(block.Slice(488, 12)) : null),
            DeviceMajor = isUstar || isGnu ? ParseNumber(block.Slice(329, 8)) : 0,
            DeviceMinor = isUstar || isGnu ? ParseNumber(block.Slice(337, 8)) : 0,
            Attributes = AttributesOf(pax),
        };
    }

    private static SortedDictionary<string, byte[]> AttributesOf(Dictionary<string, byte[]> pax)
    {
        var attributes = new SortedDictionary<string, byte[]>(StringComparer.Ordinal);
        foreach ((string key, byte[] value) in pax)
        {
            if (key.StartsWith(AttributePrefix, StringComparison.Ordinal))
            {
                attributes[key[AttributePrefix.Length..]] = value;
            }
        }

        return attributes;
    }

    private static byte[]? Text(Dictionary<string, byte[]> pax, string key) => pax.GetValueOrDefault(key) is { Length: > 0 } value ? value : null;

    private static long? Number(Dictionary<string, byte[]> pax, string key) => Text(pax, key) is { } value
        ? long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number) ? number : throw new FormatException($"the PAX record {key} is no number")
        : null;

    private static TarTime? Time(Dictionary<string, byte[]> pax, string key) => Text(pax, key) is { } value ? TarTime.Parse(Encoding.Latin1.GetString(value)) : null;

    private static TarTime? OldTime(ReadOnlySpan<byte> field) => field[0] == 0 ? null : new TarTime(ParseNumber(field));

    private ReadOnlySpan<byte> TakeExtension()
    {
        long size = ParseNumber(_block.AsSpan(124, 12));
        int start = _raw.WrittenCount;
        if (size is < 0 or > MaximumExtensionSize || start > 2 * MaximumExtensionSize)
        {
            throw new FormatException($"an extended header has {size} bytes, after {start} of such headers for one entry");
        }

        TakeRaw((int)(size + (-size & (BlockSize - 1))));
        return _raw.WrittenSpan.Slice(start, (int)size);
    }

    private void TakeRaw(int count)
    {
        if (source.ReadAtLeast(_raw.GetSpan(Math.Max(1, count))[..count], count, throwOnEndOfStream: false) < count)
        {
            throw new FormatException("the tar stream is cut off");
        }

        _raw.Advance(count);
    }

    private static void ParsePax(ReadOnlySpan<byte> data, Dictionary<string, byte[]> records)
    {
        while (!data.IsEmpty)
        {
            int space = data.IndexOf((byte)' ');
            if (space <= 0
                || !int.TryParse(data[..space], NumberStyles.None, CultureInfo.InvariantCulture, out int length)
                || length <= space + 1
                || length > data.Length
                || data[length - 1] != '\n'
                || data[(space + 1)..length].IndexOf((byte)'=') is not (> 0 and var equals))
            {
                throw new FormatException("a PAX record is malformed");
            }

            ReadOnlySpan<byte> record = data[(space + 1)..(length - 1)];
            records[Encoding.UTF8.GetString(record[..equals])] = record[(equals + 1)..].ToArray();
            data = data[length..];
        }
    }

    private static ReadOnlySpan<byte> UntilNul(ReadOnlySpan<byte> field)
    {
        int end = field.IndexOf((byte)0);
        return end < 0 ? field : field[..end];
    }

    private static void VerifyChecksum(ReadOnlySpan<byte> block)
    {
        int unsigned = 0;
        int signed = 0;
        for (int i = 0; i < BlockSize; i++)
        {
            byte value = i is >= 148 and < 156 ? (byte)' ' : block[i];
            unsigned += value;
            signed += (sbyte)value;
        }

        long expected = ParseNumber(block.Slice(148, 8));
        if (expected != unsigned && expected != signed)
        {
            throw new FormatException("the checksum of a tar header is wrong");
        }
    }

    // Octal digits between spaces and zero bytes; or, where the first bit is set, big-endian binary, the second bit its sign.
    private static long ParseNumber(ReadOnlySpan<byte> field)
    {
        if ((field[0] & 0x80) != 0)
        {
            bool isNegative = (field[0] & 0x40) != 0;
            long binary = isNegative ? -1 : 0;
            for (int i = 0; i < field.Length; i++)
            {
                byte value = i > 0 ? field[i] : isNegative ? field[i] : (byte)(field[i] & 0x7f);
                binary = binary is >= long.MinValue >> 8 and <= long.MaxValue >> 8 ? (binary << 8) | value : throw new FormatException("a number in a tar header is out of range");
            }

            return binary;
        }

        long number = 0;
        foreach (byte digit in UntilNul(field.Trim(" \0"u8)))
        {
            number = digit is >= (byte)'0' and <= (byte)'7' && number <= long.MaxValue >> 3
                ? (number << 3) | (uint)(digit - '0')
                : throw new FormatException("a number in a tar header is malformed");
        }

        return number;
    }
}
