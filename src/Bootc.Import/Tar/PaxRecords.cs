// The records of a PAX extended header: keys and values, which may be any bytes.
using System.Globalization;
using System.Text;
using Bootc.Linux;

namespace Bootc.Import.Tar;

/// <summary>PAX records (POSIX pax, Extended Header): <c>length key=value\n</c>, the length counting itself.</summary>
internal sealed class PaxRecords
{
    private const string SchilyXattr = "SCHILY.xattr.";
    private const string LibarchiveXattr = "LIBARCHIVE.xattr.";

    private readonly Dictionary<string, byte[]> _values = [];
    private readonly Dictionary<string, byte[]> _xattrs = [];
    private readonly List<(long Offset, long Size)> _sparse = [];
    private long _pendingOffset = -1;

    /// <summary>The data of a sparse file as format 0.0 lists it.</summary>
    public IReadOnlyList<(long Offset, long Size)> SparseParts => _sparse;

    public IEnumerable<ExtendedAttribute> ExtendedAttributes => _xattrs.Select(entry => new ExtendedAttribute(entry.Key, entry.Value));

    /// <summary>Adds the records of a header; later ones win, an empty value removes one.</summary>
    /// <exception cref="FormatException">A record is malformed.</exception>
    public void Parse(ReadOnlySpan<byte> data)
    {
        while (!data.IsEmpty)
        {
            if (data[0] == 0)
            {
                return; // some writers pad with zeros
            }

            int space = data.IndexOf((byte)' ');
            if (space <= 0
                || !int.TryParse(data[..space], NumberStyles.None, CultureInfo.InvariantCulture, out int length)
                || length <= space + 1
                || length > data.Length
                || data[length - 1] != '\n')
            {
                throw new FormatException("a PAX record has a wrong length");
            }

            ReadOnlySpan<byte> record = data[(space + 1)..(length - 1)];
            data = data[length..];
            int equals = record.IndexOf((byte)'=');
            if (equals <= 0)
            {
                throw new FormatException("a PAX record has no key");
            }

            Add(FileName.Decode(record[..equals]), record[(equals + 1)..].ToArray());
        }
    }

    public void CopyTo(PaxRecords other)
    {
        foreach ((string key, byte[] value) in _values)
        {
            other._values[key] = value;
        }

        foreach ((string key, byte[] value) in _xattrs)
        {
            other._xattrs[key] = value;
        }
    }

    public byte[]? Get(string key) => _values.GetValueOrDefault(key);

    public string? GetString(string key) => Get(key) is { } value ? FileName.Decode(value) : null;

    /// <exception cref="FormatException">The value is no number.</exception>
    public long? GetNumber(string key)
    {
        if (Get(key) is not { } value)
        {
            return null;
        }

        return long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out long number)
            ? number
            : throw new FormatException($"the PAX record {key} is '{Encoding.Latin1.GetString(value)}', not a number");
    }

    private void Add(string key, byte[] value)
    {
        if (key.StartsWith(SchilyXattr, StringComparison.Ordinal))
        {
            _xattrs[key[SchilyXattr.Length..]] = value;
            return;
        }

        if (key.StartsWith(LibarchiveXattr, StringComparison.Ordinal))
        {
            _xattrs.TryAdd(Uri.UnescapeDataString(key[LibarchiveXattr.Length..]), FromBase64(value));
            return;
        }

        switch (key)
        {
            case "GNU.sparse.offset":
                _pendingOffset = ParseSparse(value);
                break;
            case "GNU.sparse.numbytes":
                _sparse.Add((_pendingOffset, ParseSparse(value)));
                break;
            default:
                if (value.Length == 0)
                {
                    _values.Remove(key);
                }
                else
                {
                    _values[key] = value;
                }

                break;
        }
    }

    private static long ParseSparse(byte[] value) => long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out long number)
        ? number
        : throw new FormatException("the map of a sparse file holds something that is no number");

    private static byte[] FromBase64(byte[] value)
    {
        string text = Encoding.Latin1.GetString(value).TrimEnd('=');
        return Convert.FromBase64String(text.PadRight((text.Length + 3) & ~3, '='));
    }
}
