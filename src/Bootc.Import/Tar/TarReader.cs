// Reads tar streams as layers are: any source, every extension that container tools write, nothing trusted.
using System.Buffers;
using System.Globalization;
using System.Text;
using Bootc.Linux;
using Bootc.Oci.Layers;
using Bootc.Ostree;
using Bootc.Ostree.Objects;

namespace Bootc.Import.Tar;

/// <summary>
/// Reads a tar stream entry by entry: ustar, GNU (long names, base-256 numbers, sparse files) and PAX (local and global
/// headers, binary extended attributes, sparse formats 0.0, 0.1 and 1.0). The content of an entry is read with
/// <see cref="Read"/> before the next one is asked for; what is not read is skipped.
/// </summary>
/// <remarks>
/// A header block of 512 bytes: name 0 (100), mode 100 (8), uid 108 (8), gid 116 (8), size 124 (12), mtime 136 (12),
/// checksum 148 (8), typeflag 156, link name 157 (100), magic 257 (8), device numbers 329 and 337 (8 each), prefix 345 (155).
/// </remarks>
/// <param name="source">The stream.</param>
/// <param name="what">Its name in errors.</param>
/// <param name="hasContents">Whether the contents of files are in the stream; without them, they are read elsewhere.</param>
internal sealed class TarReader(Stream source, string what, bool hasContents = true) : ILayerReader
{
    private const int BlockSize = 512;
    private const int BufferSize = 256 * 1024;
    private const int MaximumExtensionSize = 1024 * 1024;
    private const int MaximumSparseParts = 1_000_000;
    private const int MaximumGlobalSize = 64 * 1024;
    private const long MaximumContent = LayerStream.MaximumSize;

    private readonly byte[] _buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
    private readonly PaxRecords _global = new();
    private int _start;
    private int _end;
    private long _offset;
    private long _storedRest;
    private int _padding;
    private List<(long Offset, long Size)>? _sparse;
    private int _sparseIndex;
    private long _logicalPosition;
    private long _sparseRealSize;
    private TarEntry? _current;
    private long _content; // the sizes of all files so far, holes included
    private int _globalSize;
    private int _extensionSize; // of the entry to come

    /// <summary>Whether the source was read beyond the header of the current entry.</summary>
    public bool HasReadAhead => _start < _end;

    /// <summary>Moves to the next entry.</summary>
    /// <returns>The entry, or <see langword="null"/> at the end, when the source has been read to its own end.</returns>
    /// <exception cref="TarFormatException">The stream is malformed.</exception>
    public TarEntry? Next()
    {
        SkipRest();
        _extensionSize = 0;
        PaxRecords? local = null;
        string? longName = null;
        string? longLink = null;
        while (true)
        {
            long headerOffset = _offset;
            ReadOnlySpan<byte> header = TakeBlock(mayEnd: local is null && longName is null && longLink is null);
            if (header.IsEmpty || !header.ContainsAnyExcept((byte)0))
            {
                DrainSource();
                return _current = null;
            }

            VerifyChecksum(header, headerOffset);
            byte type = header[156];
            switch (type)
            {
                case (byte)'x':
                    local ??= new PaxRecords();
                    ParsePax(local, header, headerOffset, ref _extensionSize, MaximumExtensionSize);
                    continue;
                case (byte)'g':
                    ParsePax(_global, header, headerOffset, ref _globalSize, MaximumGlobalSize);
                    continue;
                case (byte)'L':
                    longName = TakeLongName(header, headerOffset);
                    continue;
                case (byte)'K':
                    longLink = TakeLongName(header, headerOffset);
                    continue;
            }

            try
            {
                return _current = MakeEntry(header, local, longName, longLink, headerOffset);
            }
            catch (Exception e) when (e is FormatException or OverflowException)
            {
                throw Malformed(headerOffset, e.Message, e);
            }
        }
    }

    /// <summary>Reads content of the current entry, holes as zeros.</summary>
    /// <returns>How many bytes were read; 0 at the entry's end.</returns>
    public int Read(Span<byte> buffer) => _sparse is null ? ReadStored(buffer) : ReadSparse(buffer);

    public (Checksum Object, FileFacts Facts)? TryGetObject(FileHeader header) => null;

    public void Dispose() => ArrayPool<byte>.Shared.Return(_buffer);

    private TarEntry MakeEntry(ReadOnlySpan<byte> header, PaxRecords? local, string? longName, string? longLink, long headerOffset)
    {
        var pax = new PaxRecords();
        _global.CopyTo(pax);
        local?.CopyTo(pax);
        TarEntryKind kind = KindOf(header[156]);
        string name = pax.GetString("GNU.sparse.name") ?? pax.GetString("path") ?? longName ?? UstarName(header);

        // Old archives mark directories by a slash at the end alone.
        if (kind == TarEntryKind.RegularFile && header[156] is (byte)'0' or 0 && name.EndsWith('/'))
        {
            kind = TarEntryKind.Directory;
        }

        // Some writers give links a size, though no content follows them; kinds that are not known here may have content.
        bool hasContent = kind is TarEntryKind.RegularFile or TarEntryKind.Other;
        long size = hasContent ? pax.GetNumber("size") ?? ParseNumber(header.Slice(124, 12), "size") : 0;
        var entry = new TarEntry
        {
            Kind = kind,
            Name = name,
            LinkName = pax.GetString("linkpath") ?? longLink ?? Text(header.Slice(157, 100)),
            Permissions = (uint)ParseNumber(header.Slice(100, 8), "mode") & ModeBits.PermissionMask,
            Uid = ToId(pax.GetNumber("uid") ?? ParseNumber(header.Slice(108, 8), "uid"), "uid"),
            Gid = ToId(pax.GetNumber("gid") ?? ParseNumber(header.Slice(116, 8), "gid"), "gid"),
            Size = size,
            ExtendedAttributes = [.. pax.ExtendedAttributes],
        };

        // The map of a sparse file may follow in blocks of its own: when they are read, the header is no longer in the buffer.
        BeginContent(size);
        long realSize = hasContents ? PrepareSparse(header, local, pax, size, headerOffset) : LeaveContent(header, local, size);
        if (realSize > MaximumContent - _content)
        {
            throw new FormatException($"with '{name}' of {realSize} bytes, the files have more than {MaximumContent} bytes");
        }

        _content += realSize;
        return realSize == size ? entry : entry with { Size = realSize };
    }

    private static TarEntryKind KindOf(byte type) => type switch
    {
        0 or (byte)'0' or (byte)'7' or (byte)'S' => TarEntryKind.RegularFile,
        (byte)'1' => TarEntryKind.HardLink,
        (byte)'2' => TarEntryKind.SymbolicLink,
        (byte)'3' => TarEntryKind.CharacterDevice,
        (byte)'4' => TarEntryKind.BlockDevice,
        (byte)'5' => TarEntryKind.Directory,
        (byte)'6' => TarEntryKind.Fifo,
        _ => TarEntryKind.Other,
    };

    private long LeaveContent(ReadOnlySpan<byte> header, PaxRecords? local, long size)
    {
        if (header[156] == 'S' || local is { SparseParts.Count: > 0 } || local?.Get("GNU.sparse.map") is not null || local?.Get("GNU.sparse.major") is not null)
        {
            throw new FormatException("the content of a sparse file is not in one piece");
        }

        _storedRest = 0; // its padding follows
        return size;
    }

    private long PrepareSparse(ReadOnlySpan<byte> header, PaxRecords? local, PaxRecords pax, long size, long headerOffset)
    {
        if (header[156] == 'S')
        {
            // Four parts of 24 bytes at 386, whether more follow at 482, the real size at 483 (12).
            long realSize = ParseNumber(header.Slice(483, 12), "real size");
            var parts = new List<(long, long)>();
            AddOldParts(header.Slice(386, 96), parts);
            bool more = header[482] != 0;
            while (more)
            {
                ReadOnlySpan<byte> extension = TakeBlock(mayEnd: false);
                AddOldParts(extension[..504], parts);
                more = extension[504] != 0;
            }

            return BeginSparse(parts, realSize, size, headerOffset);
        }

        if (local is { SparseParts.Count: > 0 })
        {
            return BeginSparse([.. local.SparseParts], pax.GetNumber("GNU.sparse.size") ?? size, size, headerOffset);
        }

        if (local?.Get("GNU.sparse.map") is { } map)
        {
            long[] numbers = [.. Encoding.Latin1.GetString(map).Split(',').Select(ParseMapNumber)];
            var parts = new List<(long, long)>();
            for (int i = 0; i + 1 < numbers.Length; i += 2)
            {
                parts.Add((numbers[i], numbers[i + 1]));
            }

            return BeginSparse(parts, pax.GetNumber("GNU.sparse.size") ?? size, size, headerOffset);
        }

        if (local?.GetNumber("GNU.sparse.major") == 1)
        {
            List<(long, long)> parts = TakeMap();
            return BeginSparse(parts, pax.GetNumber("GNU.sparse.realsize") ?? size, _storedRest, headerOffset);
        }

        return size;
    }

    private static void AddOldParts(ReadOnlySpan<byte> fields, List<(long, long)> parts)
    {
        for (int i = 0; i + 24 <= fields.Length && fields[i] != 0; i += 24)
        {
            parts.Add((ParseNumber(fields.Slice(i, 12), "offset"), ParseNumber(fields.Slice(i + 12, 12), "size")));
            if (parts.Count > MaximumSparseParts)
            {
                throw new FormatException("a sparse file has too many parts");
            }
        }
    }

    // Format 1.0: the map stands before the data, decimal numbers a line each, filled up to whole blocks.
    private List<(long Offset, long Size)> TakeMap()
    {
        var parts = new List<(long, long)>();
        int consumed = 0;
        long count = TakeMapLine(ref consumed);
        if (count > MaximumSparseParts)
        {
            throw new FormatException("a sparse file has too many parts");
        }

        for (long i = 0; i < count; i++)
        {
            parts.Add((TakeMapLine(ref consumed), TakeMapLine(ref consumed)));
        }

        Span<byte> padding = stackalloc byte[BlockSize];
        int rest = -consumed & (BlockSize - 1);
        while (rest > 0)
        {
            int read = ReadStored(padding[..rest]);
            rest = read == 0 ? throw new FormatException("the map of a sparse file is cut off") : rest - read;
        }

        return parts;
    }

    private long TakeMapLine(ref int consumed)
    {
        Span<byte> digit = stackalloc byte[1];
        long value = 0;
        for (int digits = 0; digits < 20; digits++)
        {
            if (ReadStored(digit) == 0)
            {
                throw new FormatException("the map of a sparse file is cut off");
            }

            consumed++;
            if (digit[0] == '\n' && digits > 0)
            {
                return value;
            }

            if (!char.IsAsciiDigit((char)digit[0]))
            {
                break;
            }

            value = checked((value * 10) + (digit[0] - '0'));
        }

        throw new FormatException("the map of a sparse file holds something that is no number");
    }

    private static long ParseMapNumber(string text) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long number)
        ? number
        : throw new FormatException("the map of a sparse file holds something that is no number");

    private long BeginSparse(List<(long Offset, long Size)> parts, long realSize, long stored, long headerOffset)
    {
        long position = 0;
        long sum = 0;
        foreach ((long offset, long size) in parts)
        {
            if (offset < position || size < 0 || offset > realSize || size > realSize - offset)
            {
                throw Malformed(headerOffset, "the map of a sparse file is not in order or leaves the file");
            }

            position = offset + size;
            sum += size;
        }

        if (sum != stored)
        {
            throw Malformed(headerOffset, $"a sparse file has {stored} bytes of data, and its map names {sum}");
        }

        _sparse = parts;
        _sparseIndex = 0;
        _logicalPosition = 0;
        return _sparseRealSize = realSize;
    }

    private int ReadSparse(Span<byte> buffer)
    {
        while (_sparseIndex < _sparse!.Count && _sparse[_sparseIndex].Size == 0)
        {
            _sparseIndex++;
        }

        long nextData = _sparseIndex < _sparse.Count ? _sparse[_sparseIndex].Offset : _sparseRealSize;
        if (_logicalPosition < nextData)
        {
            int zeros = (int)Math.Min(buffer.Length, nextData - _logicalPosition);
            buffer[..zeros].Clear();
            _logicalPosition += zeros;
            return zeros;
        }

        if (_sparseIndex == _sparse.Count)
        {
            return 0;
        }

        (long offset, long size) = _sparse[_sparseIndex];
        int count = ReadStored(buffer[..(int)Math.Min(buffer.Length, offset + size - _logicalPosition)]);
        _logicalPosition += count;
        if (_logicalPosition == offset + size)
        {
            _sparseIndex++;
        }

        return count;
    }

    // Headers add up, so that it is all of them that is bounded.
    private void ParsePax(PaxRecords records, ReadOnlySpan<byte> header, long headerOffset, ref int total, int limit)
    {
        byte[] data = TakeExtension(header, headerOffset);
        total += data.Length;
        if (total > limit)
        {
            throw Malformed(headerOffset, $"extended headers {(records == _global ? "for all entries" : "of one entry")} have more than {limit} bytes");
        }

        try
        {
            records.Parse(data);
        }
        catch (FormatException e)
        {
            throw Malformed(headerOffset, e.Message, e);
        }
    }

    private string TakeLongName(ReadOnlySpan<byte> header, long headerOffset) => Text(TakeExtension(header, headerOffset));

    private byte[] TakeExtension(ReadOnlySpan<byte> header, long headerOffset)
    {
        long size;
        try
        {
            size = ParseNumber(header.Slice(124, 12), "size");
        }
        catch (FormatException e)
        {
            throw Malformed(headerOffset, e.Message, e);
        }

        if (size > MaximumExtensionSize)
        {
            throw Malformed(headerOffset, $"an extended header has {size} bytes, more than {MaximumExtensionSize}");
        }

        BeginContent(size);
        byte[] data = new byte[size];
        for (int filled = 0; filled < data.Length;)
        {
            filled += ReadStored(data.AsSpan(filled));
        }

        SkipRest();
        return data;
    }

    private void BeginContent(long size)
    {
        _storedRest = size;
        _padding = (int)(-size & (BlockSize - 1));
        _sparse = null;
    }

    private int ReadStored(Span<byte> buffer)
    {
        if (_storedRest == 0 || buffer.IsEmpty)
        {
            return 0;
        }

        int count;
        if (_start < _end)
        {
            count = (int)Math.Min(Math.Min(buffer.Length, _end - _start), _storedRest);
            _buffer.AsSpan(_start, count).CopyTo(buffer);
            _start += count;
        }
        else
        {
            count = source.Read(buffer[..(int)Math.Min(buffer.Length, _storedRest)]);
            if (count == 0)
            {
                throw Malformed(_offset, $"the stream ends within the content of '{_current?.Name}'");
            }
        }

        _offset += count;
        _storedRest -= count;
        return count;
    }

    private void SkipRest()
    {
        long rest = _storedRest + _padding;
        _storedRest = 0;
        _padding = 0;
        while (rest > 0)
        {
            if (_start == _end && !Fill())
            {
                throw Malformed(_offset, $"the stream ends within '{_current?.Name}'");
            }

            int count = (int)Math.Min(rest, _end - _start);
            _start += count;
            _offset += count;
            rest -= count;
        }
    }

    private ReadOnlySpan<byte> TakeBlock(bool mayEnd)
    {
        while (_end - _start < BlockSize)
        {
            if (!Fill())
            {
                if (_end == _start && mayEnd)
                {
                    return [];
                }

                throw Malformed(_offset, "the stream ends within a header");
            }
        }

        ReadOnlySpan<byte> block = _buffer.AsSpan(_start, BlockSize);
        _start += BlockSize;
        _offset += BlockSize;
        return block;
    }

    private bool Fill()
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            _end -= _start;
            _start = 0;
        }

        int count = source.Read(_buffer.AsSpan(_end, BufferSize - _end));
        _end += count;
        return count > 0;
    }

    // What follows the end mark is read, since the source checks its digest at its own end.
    private void DrainSource()
    {
        while (source.Read(_buffer.AsSpan(0, BufferSize)) > 0)
        {
        }

        _start = _end = 0;
    }

    private void VerifyChecksum(ReadOnlySpan<byte> header, long headerOffset)
    {
        int unsigned = 0;
        int signed = 0;
        for (int i = 0; i < BlockSize; i++)
        {
            byte value = i is >= 148 and < 156 ? (byte)' ' : header[i];
            unsigned += value;
            signed += (sbyte)value;
        }

        long expected;
        try
        {
            expected = ParseNumber(header.Slice(148, 8), "checksum");
        }
        catch (FormatException e)
        {
            throw Malformed(headerOffset, "this is no tar header", e);
        }

        if (expected != unsigned && expected != signed)
        {
            throw Malformed(headerOffset, "the checksum of a header is wrong");
        }
    }

    private static string UstarName(ReadOnlySpan<byte> header)
    {
        string name = Text(header[..100]);
        bool isUstar = header.Slice(257, 6).SequenceEqual("ustar\0"u8);
        return isUstar && header[345] != 0 ? $"{Text(header.Slice(345, 155))}/{name}" : name;
    }

    private static string Text(ReadOnlySpan<byte> field)
    {
        int end = field.IndexOf((byte)0);
        return FileName.Decode(end < 0 ? field : field[..end]);
    }

    /// <summary>A number in octal digits, or big-endian binary where the first bit is set (base-256).</summary>
    private static long ParseNumber(ReadOnlySpan<byte> field, string name)
    {
        if ((field[0] & 0x80) != 0)
        {
            long binary = field[0] & 0x7f;
            foreach (byte next in field[1..])
            {
                binary = binary <= long.MaxValue >> 8 ? (binary << 8) | next : throw new FormatException($"the {name} of an entry is out of range");
            }

            return binary;
        }

        long number = 0;
        ReadOnlySpan<byte> text = field.Trim(" \0"u8);
        foreach (byte digit in text)
        {
            if (digit is (byte)' ' or 0)
            {
                break;
            }

            if (digit is < (byte)'0' or > (byte)'7' || number > long.MaxValue >> 3)
            {
                throw new FormatException($"the {name} of an entry is no octal number");
            }

            number = (number << 3) | (uint)(digit - '0');
        }

        return number;
    }

    private static uint ToId(long value, string name) =>
        value is >= 0 and < uint.MaxValue ? (uint)value : throw new FormatException($"the {name} {value} of an entry is out of range");

    private TarFormatException Malformed(long offset, string why, Exception? inner = null) =>
        new($"{what} is no valid tar stream: at offset {offset}, {why}", inner);
}
