// The header of an installed rpm package.
using System.Buffers.Binary;
using System.Text;

namespace Bootc.Import.Packages;

/// <summary>
/// A header, big-endian: count of entries u32, size of the data u32, entries of 16 bytes (tag, type, offset, count), data. Values
/// that lie outside of the data are as good as absent.
/// </summary>
internal readonly ref struct RpmHeader
{
    private const int EntrySize = 16;

    private readonly ReadOnlySpan<byte> _entries;
    private readonly ReadOnlySpan<byte> _data;

    /// <summary>Reads a header.</summary>
    /// <exception cref="ImportException">It is malformed.</exception>
    public RpmHeader(ReadOnlySpan<byte> header)
    {
        if (header.Length < 8)
        {
            throw new ImportException("a package header in the rpm database is cut off");
        }

        uint count = BinaryPrimitives.ReadUInt32BigEndian(header);
        if (count > (uint)(header.Length - 8) / EntrySize)
        {
            throw new ImportException("a package header in the rpm database is malformed");
        }

        _entries = header.Slice(8, (int)count * EntrySize);
        _data = header[(8 + _entries.Length)..];
    }

    /// <summary>A string; empty when it is absent.</summary>
    public string GetString(int tag) => Find(tag, out _) is { IsEmpty: false } value ? Text(ref value) : "";

    /// <summary>A number, if it is there.</summary>
    public uint? GetUInt32(int tag) => Find(tag, out _) is { Length: >= 4 } value ? BinaryPrimitives.ReadUInt32BigEndian(value) : null;

    /// <summary>The strings of an array; none when it is absent.</summary>
    public List<string> GetStrings(int tag)
    {
        ReadOnlySpan<byte> value = Find(tag, out int count);
        var strings = new List<string>(Math.Min(count, value.Length));
        while (strings.Count < count && !value.IsEmpty)
        {
            strings.Add(Text(ref value));
        }

        return strings;
    }

    /// <summary>The numbers of an array; none when it is absent.</summary>
    public int[] GetInt32s(int tag)
    {
        ReadOnlySpan<byte> value = Find(tag, out int count);
        int[] numbers = new int[Math.Min(count, value.Length / 4)];
        for (int i = 0; i < numbers.Length; i++)
        {
            numbers[i] = BinaryPrimitives.ReadInt32BigEndian(value[(i * 4)..]);
        }

        return numbers;
    }

    private ReadOnlySpan<byte> Find(int wanted, out int count)
    {
        for (ReadOnlySpan<byte> entries = _entries; !entries.IsEmpty; entries = entries[EntrySize..])
        {
            int offset = BinaryPrimitives.ReadInt32BigEndian(entries[8..]);
            if (BinaryPrimitives.ReadInt32BigEndian(entries) == wanted && offset >= 0 && offset < _data.Length)
            {
                count = Math.Max(0, BinaryPrimitives.ReadInt32BigEndian(entries[12..]));
                return _data[offset..];
            }
        }

        count = 0;
        return [];
    }

    private static string Text(ref ReadOnlySpan<byte> value)
    {
        int end = value.IndexOf((byte)0);
        string text = Encoding.UTF8.GetString(end < 0 ? value : value[..end]);
        value = end < 0 ? [] : value[(end + 1)..];
        return text;
    }
}
