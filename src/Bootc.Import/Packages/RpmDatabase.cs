// rpm's database: the headers of packages in a SQLite file.
using System.Buffers.Binary;
using System.Text;

namespace Bootc.Import.Packages;

/// <summary>
/// Reads the table <c>Packages</c> of rpmdb.sqlite, whose rows are a number and a header blob. A header is, big-endian:
/// count of entries u32, size of the data u32, entries of 16 bytes (tag, type, offset, count), data.
/// </summary>
internal static class RpmDatabase
{
    private const int TagName = 1000;
    private const int TagVersion = 1001;
    private const int TagRelease = 1002;
    private const int TagEpoch = 1003;
    private const int TagArchitecture = 1022;

    public static List<Package> Parse(ReadOnlyMemory<byte> database)
    {
        var packages = new List<Package>();
        foreach (byte[] header in SqliteTable.ReadBlobs(database, "Packages"))
        {
            packages.Add(ParseHeader(header));
        }

        packages.Sort(static (a, b) => string.CompareOrdinal(a.Name, b.Name));
        return packages;
    }

    private static Package ParseHeader(ReadOnlySpan<byte> header)
    {
        if (header.Length < 8)
        {
            throw new ImportException("a package header in the rpm database is cut off");
        }

        uint count = BinaryPrimitives.ReadUInt32BigEndian(header);
        if (count > (uint)(header.Length - 8) / 16)
        {
            throw new ImportException("a package header in the rpm database is malformed");
        }

        ReadOnlySpan<byte> entries = header.Slice(8, (int)count * 16);
        ReadOnlySpan<byte> data = header[(8 + entries.Length)..];
        string name = "", version = "", release = "", architecture = "";
        uint? epoch = null;
        for (int i = 0; i < entries.Length; i += 16)
        {
            int tag = BinaryPrimitives.ReadInt32BigEndian(entries[i..]);
            int offset = BinaryPrimitives.ReadInt32BigEndian(entries[(i + 8)..]);
            if (tag is not (TagName or TagVersion or TagRelease or TagEpoch or TagArchitecture) || offset < 0 || offset >= data.Length)
            {
                continue;
            }

            ReadOnlySpan<byte> value = data[offset..];
            switch (tag)
            {
                case TagName:
                    name = Text(value);
                    break;
                case TagVersion:
                    version = Text(value);
                    break;
                case TagRelease:
                    release = Text(value);
                    break;
                case TagArchitecture:
                    architecture = Text(value);
                    break;
                case TagEpoch when value.Length >= 4:
                    epoch = BinaryPrimitives.ReadUInt32BigEndian(value);
                    break;
            }
        }

        return new Package(name, $"{(epoch is > 0 ? $"{epoch}:" : "")}{version}-{release}", architecture);
    }

    private static string Text(ReadOnlySpan<byte> value)
    {
        int end = value.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? value : value[..end]);
    }
}
