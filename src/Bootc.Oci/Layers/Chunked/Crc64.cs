// The checksum by which a tar-split knows the content of files.
namespace Bootc.Oci.Layers.Chunked;

/// <summary>CRC-64 with the polynomial of ISO 3309, least significant bit first, complemented before and after (crc64.ISO of Go).</summary>
internal struct Crc64
{
    private const ulong Polynomial = 0xD800000000000000;
    private static readonly ulong[] Table = MakeTable();
    private ulong _state;

    /// <summary>The checksum of nothing.</summary>
    public Crc64() => _state = ulong.MaxValue;

    /// <summary>The checksum of all that was appended.</summary>
    public readonly ulong Value => ~_state;

    /// <summary>Appends bytes.</summary>
    public void Append(ReadOnlySpan<byte> data)
    {
        ulong state = _state;
        ulong[] table = Table;

        // Eight bytes at once, each by the table of its place.
        while (data.Length >= 8)
        {
            state ^= System.Buffers.Binary.BinaryPrimitives.ReadUInt64LittleEndian(data);
            state = table[(7 * 256) + (byte)state]
                ^ table[(6 * 256) + (byte)(state >> 8)]
                ^ table[(5 * 256) + (byte)(state >> 16)]
                ^ table[(4 * 256) + (byte)(state >> 24)]
                ^ table[(3 * 256) + (byte)(state >> 32)]
                ^ table[(2 * 256) + (byte)(state >> 40)]
                ^ table[256 + (byte)(state >> 48)]
                ^ table[(byte)(state >> 56)];
            data = data[8..];
        }

        foreach (byte value in data)
        {
            state = table[(byte)(state ^ value)] ^ (state >> 8);
        }

        _state = state;
    }

    private static ulong[] MakeTable()
    {
        ulong[] table = new ulong[8 * 256];
        for (int i = 0; i < 256; i++)
        {
            ulong value = (ulong)i;
            for (int bit = 0; bit < 8; bit++)
            {
                value = (value & 1) != 0 ? (value >> 1) ^ Polynomial : value >> 1;
            }

            table[i] = value;
        }

        for (int i = 256; i < table.Length; i++)
        {
            table[i] = table[(byte)table[i - 256]] ^ (table[i - 256] >> 8);
        }

        return table;
    }
}
