// Writes tar streams that every reader takes: ustar, and PAX records where ustar has no room.
using System.Buffers;
using System.Globalization;
using System.Text;
using Bootc.Linux;

namespace Bootc.Import.Tar;

/// <summary>
/// Writes a tar stream entry by entry. All times are 0 and owners have no names, so that the same entries give the same bytes. The
/// fields are those that <see cref="TarReader"/> lists.
/// </summary>
internal sealed class TarWriter(Stream destination) : IDisposable
{
    private const int BlockSize = 512;
    private const int NameSize = 100;
    private const int PrefixSize = 155;
    private const uint MaximumOctalId = 0x1FFFFF; // seven digits
    private const long MaximumOctalSize = 0x1FFFFFFFF; // eleven digits

    private readonly byte[] _buffer = ArrayPool<byte>.Shared.Rent(128 * 1024);

    /// <summary>Writes an entry without content.</summary>
    public void Write(TarEntry entry) => WriteHeader(entry);

    /// <summary>Writes a file that is in memory.</summary>
    public void Write(TarEntry entry, ReadOnlySpan<byte> content)
    {
        WriteHeader(entry with { Size = content.Length });
        destination.Write(content);
        Pad(content.Length);
    }

    /// <summary>Writes a file of the size that the entry says.</summary>
    /// <exception cref="EndOfStreamException">The content ends before.</exception>
    public void Write(TarEntry entry, Stream content, CancellationToken cancellation)
    {
        WriteHeader(entry);
        for (long rest = entry.Size; rest > 0;)
        {
            cancellation.ThrowIfCancellationRequested();
            int count = content.Read(_buffer, 0, (int)Math.Min(rest, _buffer.Length));
            if (count == 0)
            {
                throw new EndOfStreamException($"the content of '{entry.Name}' ends {rest} bytes before its size of {entry.Size}");
            }

            destination.Write(_buffer, 0, count);
            rest -= count;
        }

        Pad(entry.Size);
    }

    /// <summary>Writes the end mark.</summary>
    public void Complete() => destination.Write(new byte[2 * BlockSize]);

    public void Dispose() => ArrayPool<byte>.Shared.Return(_buffer);

    private void WriteHeader(TarEntry entry)
    {
        using var records = new MemoryStream();
        byte[] path = FileName.Encode(entry.Name);
        int split = SplitOf(path);
        if (split < 0 || !Ascii.IsValid(path))
        {
            AddRecord(records, "path", path);
        }

        byte[] link = FileName.Encode(entry.LinkName);
        if (link.Length > NameSize || !Ascii.IsValid(link))
        {
            AddRecord(records, "linkpath", link);
        }

        AddNumber(records, "size", entry.Size, MaximumOctalSize);
        AddNumber(records, "uid", entry.Uid, MaximumOctalId);
        AddNumber(records, "gid", entry.Gid, MaximumOctalId);
        foreach (ExtendedAttribute attribute in entry.ExtendedAttributes)
        {
            AddRecord(records, "SCHILY.xattr." + attribute.Name, attribute.Value);
        }

        if (records.Length > 0)
        {
            WriteBlock((byte)'x', "PaxHeaders/entry"u8, 16, [], 0x1A4, 0, 0, records.Length);
            destination.Write(records.GetBuffer(), 0, (int)records.Length);
            Pad(records.Length);
        }

        WriteBlock(TypeOf(entry.Kind), path, split, link, entry.Permissions, entry.Uid, entry.Gid, entry.Size);
    }

    // The name is what follows the slash at split, or all of it when that is its end; a name without room is cut off here.
    private void WriteBlock(byte type, ReadOnlySpan<byte> path, int split, ReadOnlySpan<byte> link, uint permissions, uint uid, uint gid, long size)
    {
        Span<byte> header = stackalloc byte[BlockSize];
        header.Clear();
        bool hasPrefix = split >= 0 && split < path.Length;
        ReadOnlySpan<byte> name = hasPrefix ? path[(split + 1)..] : path;
        name[..Math.Min(name.Length, NameSize)].CopyTo(header);
        WriteOctal(header.Slice(100, 8), permissions);
        WriteOctal(header.Slice(108, 8), uid <= MaximumOctalId ? uid : 0);
        WriteOctal(header.Slice(116, 8), gid <= MaximumOctalId ? gid : 0);
        WriteOctal(header.Slice(124, 12), size <= MaximumOctalSize ? size : 0);
        WriteOctal(header.Slice(136, 12), 0);
        header.Slice(148, 8).Fill((byte)' ');
        header[156] = type;
        link[..Math.Min(link.Length, NameSize)].CopyTo(header[157..]);
        "ustar\0"u8.CopyTo(header[257..]);
        "00"u8.CopyTo(header[263..]);
        WriteOctal(header.Slice(329, 8), 0);
        WriteOctal(header.Slice(337, 8), 0);
        if (hasPrefix)
        {
            path[..split].CopyTo(header[345..]);
        }

        int sum = 0;
        foreach (byte value in header)
        {
            sum += value;
        }

        WriteOctal(header.Slice(148, 7), sum);
        header[155] = (byte)' ';
        destination.Write(header);
    }

    private void Pad(long size)
    {
        Span<byte> zeros = stackalloc byte[BlockSize];
        zeros.Clear();
        destination.Write(zeros[..(int)(-size & (BlockSize - 1))]);
    }

    // Where the path is divided into prefix and name: its length when it is a name as a whole, -1 when it has no room.
    private static int SplitOf(ReadOnlySpan<byte> path)
    {
        if (path.Length <= NameSize)
        {
            return path.Length;
        }

        int from = Math.Max(1, path.Length - NameSize - 1);
        int slash = path[from..^1].IndexOf((byte)'/');
        return slash >= 0 && from + slash <= PrefixSize ? from + slash : -1;
    }

    private static void AddNumber(MemoryStream records, string key, long value, long limit)
    {
        if (value > limit)
        {
            AddRecord(records, key, Encoding.ASCII.GetBytes(value.ToString(CultureInfo.InvariantCulture)));
        }
    }

    // The length counts its own digits.
    private static void AddRecord(MemoryStream records, string key, ReadOnlySpan<byte> value)
    {
        byte[] name = FileName.Encode(key);
        int rest = 1 + name.Length + 1 + value.Length + 1;
        int length = rest + 1;
        while (length != rest + Digits(length))
        {
            length = rest + Digits(length);
        }

        records.Write(Encoding.ASCII.GetBytes(length.ToString(CultureInfo.InvariantCulture)));
        records.WriteByte((byte)' ');
        records.Write(name);
        records.WriteByte((byte)'=');
        records.Write(value);
        records.WriteByte((byte)'\n');
    }

    private static int Digits(int value) => value.ToString(CultureInfo.InvariantCulture).Length;

    private static void WriteOctal(Span<byte> field, long value)
    {
        field[^1] = 0;
        for (int i = field.Length - 2; i >= 0; i--)
        {
            field[i] = (byte)('0' + (value & 7));
            value >>= 3;
        }
    }

    private static byte TypeOf(TarEntryKind kind) => kind switch
    {
        TarEntryKind.RegularFile => (byte)'0',
        TarEntryKind.HardLink => (byte)'1',
        TarEntryKind.SymbolicLink => (byte)'2',
        TarEntryKind.Directory => (byte)'5',
        _ => throw new ArgumentException($"entries of the kind {kind} are not written", nameof(kind)),
    };
}
