// Reads the rows of one table of a SQLite database: as little of the format as rpm's database needs.
using System.Buffers.Binary;
using System.Text;

namespace Bootc.Import.Packages;

/// <summary>
/// Walks the b-tree of a table (https://www.sqlite.org/fileformat2.html). Only whole, quiet databases are read; a
/// write-ahead log beside the file is not.
/// </summary>
internal sealed class SqliteTable
{
    private const int HeaderSize = 100;
    private const int MaximumDepth = 20;

    private readonly ReadOnlyMemory<byte> _database;
    private readonly int _pageSize;
    private readonly int _usableSize;
    private int _pagesTaken;
    private long _payloadTaken;

    private SqliteTable(ReadOnlyMemory<byte> database)
    {
        ReadOnlySpan<byte> header = database.Span;
        if (header.Length < HeaderSize || !header.StartsWith("SQLite format 3\0"u8))
        {
            throw new ImportException("the rpm database is no SQLite file");
        }

        int pageSize = BinaryPrimitives.ReadUInt16BigEndian(header[16..]);
        _pageSize = pageSize == 1 ? 65536 : pageSize;
        _usableSize = _pageSize - header[20];
        if (_pageSize < 512 || (_pageSize & (_pageSize - 1)) != 0 || _usableSize < 480)
        {
            throw new ImportException("the rpm database has an impossible page size");
        }

        _database = database;
    }

    /// <summary>The blobs in the rows of a table, the first in each row.</summary>
    /// <exception cref="ImportException">The file is malformed or has no such table.</exception>
    public static IEnumerable<byte[]> ReadBlobs(ReadOnlyMemory<byte> database, string table)
    {
        var reader = new SqliteTable(database);
        int root = 0;
        foreach (byte[] record in reader.Rows(1, 0))
        {
            // sqlite_schema: type, name, table name, root page, definition.
            object?[] columns = ParseRecord(record);
            if (columns.Length >= 4 && columns[0] is string and "table" && columns[1] is string name && name == table && columns[3] is long page)
            {
                root = (int)page;
            }
        }

        if (root == 0)
        {
            throw new ImportException($"the rpm database has no table {table}");
        }

        foreach (byte[] record in reader.Rows(root, 0))
        {
            if (ParseRecord(record).OfType<byte[]>().FirstOrDefault() is { } blob)
            {
                yield return blob;
            }
        }
    }

    private IEnumerable<byte[]> Rows(int page, int depth)
    {
        if (depth > MaximumDepth)
        {
            throw new ImportException("the b-tree of the rpm database is too deep");
        }

        ReadOnlyMemory<byte> bytes = Page(page);
        int start = page == 1 ? HeaderSize : 0;
        byte kind = bytes.Span[start];
        int cells = BinaryPrimitives.ReadUInt16BigEndian(bytes.Span[(start + 3)..]);
        int pointers = start + (kind == 5 ? 12 : 8);
        if (kind is not (5 or 13) || pointers + (cells * 2) > bytes.Length)
        {
            throw new ImportException($"page {page} of the rpm database is malformed");
        }

        for (int i = 0; i < cells; i++)
        {
            int cell = BinaryPrimitives.ReadUInt16BigEndian(bytes.Span[(pointers + (i * 2))..]);
            if (cell + 4 > bytes.Length)
            {
                throw new ImportException($"page {page} of the rpm database is malformed");
            }

            if (kind == 13)
            {
                yield return ReadPayload(bytes, cell);
                continue;
            }

            foreach (byte[] row in Rows(BinaryPrimitives.ReadInt32BigEndian(bytes.Span[cell..]), depth + 1))
            {
                yield return row;
            }
        }

        if (kind == 5)
        {
            foreach (byte[] row in Rows(BinaryPrimitives.ReadInt32BigEndian(bytes.Span[(start + 8)..]), depth + 1))
            {
                yield return row;
            }
        }
    }

    // Payload size, row number, as much payload as fits, number of the first overflow page.
    private byte[] ReadPayload(ReadOnlyMemory<byte> page, int cell)
    {
        ReadOnlySpan<byte> bytes = page.Span[cell..];
        long size = TakeVarint(ref bytes);
        _ = TakeVarint(ref bytes);
        if (size < 0 || size > _database.Length - _payloadTaken)
        {
            throw new ImportException("a row of the rpm database has an impossible size");
        }

        _payloadTaken += size;

        int maximum = _usableSize - 35;
        int minimum = ((_usableSize - 12) * 32 / 255) - 23;
        int local = (int)size;
        if (size > maximum)
        {
            int fitting = minimum + (int)((size - minimum) % (_usableSize - 4));
            local = fitting <= maximum ? fitting : minimum;
        }

        byte[] payload = new byte[size];
        Take(bytes, local).CopyTo(payload);
        int filled = local;
        int next = filled < size ? BinaryPrimitives.ReadInt32BigEndian(Take(bytes[local..], 4)) : 0;
        while (filled < size)
        {
            ReadOnlySpan<byte> overflow = Page(next).Span;
            next = BinaryPrimitives.ReadInt32BigEndian(overflow);
            int count = (int)Math.Min(size - filled, _usableSize - 4);
            overflow.Slice(4, count).CopyTo(payload.AsSpan(filled));
            filled += count;
        }

        return payload;
    }

    private static object?[] ParseRecord(ReadOnlySpan<byte> record)
    {
        ReadOnlySpan<byte> rest = record;
        long headerSize = TakeVarint(ref rest);
        int start = record.Length - rest.Length;
        if (headerSize < start || headerSize > record.Length)
        {
            throw new ImportException("a row of the rpm database is malformed");
        }

        ReadOnlySpan<byte> types = record[start..(int)headerSize];
        ReadOnlySpan<byte> data = record[(int)headerSize..];
        var columns = new List<object?>();
        while (!types.IsEmpty)
        {
            long type = TakeVarint(ref types);
            int size = type switch { >= 12 => (int)((type - 12) / 2), 1 => 1, 2 => 2, 3 => 3, 4 => 4, 5 => 6, 6 or 7 => 8, _ => 0 };
            ReadOnlySpan<byte> value = Take(data, size);
            data = data[size..];
            columns.Add(type switch
            {
                >= 12 when type % 2 == 0 => value.ToArray(),
                >= 12 => Encoding.UTF8.GetString(value),
                >= 1 and <= 6 => ReadInteger(value),
                8 => 0L,
                9 => 1L,
                _ => null,
            });
        }

        return [.. columns];
    }

    private static long ReadInteger(ReadOnlySpan<byte> bytes)
    {
        long value = (sbyte)bytes[0];
        foreach (byte next in bytes[1..])
        {
            value = (value << 8) | next;
        }

        return value;
    }

    private static long TakeVarint(ref ReadOnlySpan<byte> bytes)
    {
        long value = 0;
        for (int i = 0; i < 9; i++)
        {
            byte next = Take(bytes, 1)[0];
            bytes = bytes[1..];
            if (i == 8)
            {
                return (value << 8) | next;
            }

            value = (value << 7) | (uint)(next & 0x7f);
            if ((next & 0x80) == 0)
            {
                break;
            }
        }

        return value;
    }

    private static ReadOnlySpan<byte> Take(ReadOnlySpan<byte> bytes, int count) => count >= 0 && count <= bytes.Length
        ? bytes[..count]
        : throw new ImportException("a row of the rpm database is cut off");

    // A page belongs to one place. Where many lead to the same, few pages could be a walk without end.
    private ReadOnlyMemory<byte> Page(int number)
    {
        if (++_pagesTaken > _database.Length / _pageSize)
        {
            throw new ImportException("pages of the rpm database are in more than one place");
        }

        long start = (long)(number - 1) * _pageSize;
        return number > 0 && start + _pageSize <= _database.Length
            ? _database.Slice((int)start, _pageSize)
            : throw new ImportException($"page {number} of the rpm database is not there");
    }
}
