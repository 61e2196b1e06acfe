// Making GVariant values: serialization in normal form.
using System.Buffers.Binary;
using System.Text;

namespace Bootc.Ostree.GVariant;

public readonly partial struct GVariantValue
{
    /// <summary>A <c>y</c>.</summary>
    public static GVariantValue FromByte(byte value) => new("y", new[] { value });

    /// <summary>A <c>b</c>.</summary>
    public static GVariantValue FromBoolean(bool value) => new("b", new[] { value ? (byte)1 : (byte)0 });

    /// <summary>A <c>u</c>, in the machine's order.</summary>
    public static GVariantValue FromUInt32(uint value)
    {
        byte[] data = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(data, value);
        return new("u", data);
    }

    /// <summary>A <c>u</c> whose bytes are in network order, as ostree's objects have them.</summary>
    public static GVariantValue FromUInt32BigEndian(uint value) => FromUInt32(BinaryPrimitives.ReverseEndianness(value));

    /// <summary>A <c>t</c>, in the machine's order.</summary>
    public static GVariantValue FromUInt64(ulong value)
    {
        byte[] data = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(data, value);
        return new("t", data);
    }

    /// <summary>A <c>t</c> whose bytes are in network order.</summary>
    public static GVariantValue FromUInt64BigEndian(ulong value) => FromUInt64(BinaryPrimitives.ReverseEndianness(value));

    /// <summary>An <c>s</c>.</summary>
    public static GVariantValue FromString(string value)
    {
        if (value.Contains('\0'))
        {
            throw new ArgumentException("a GVariant string cannot hold a NUL character", nameof(value));
        }

        byte[] data = new byte[StrictUtf8.GetByteCount(value) + 1];
        StrictUtf8.GetBytes(value, data);
        return new("s", data);
    }

    /// <summary>An <c>ay</c>.</summary>
    public static GVariantValue FromBytes(ReadOnlyMemory<byte> value) => new("ay", value);

    /// <summary>An <c>as</c>.</summary>
    public static GVariantValue FromStringArray(IEnumerable<string> values) => Array("s", [.. values.Select(FromString)]);

    /// <summary>A <c>v</c> that holds <paramref name="value"/>.</summary>
    public static GVariantValue Variant(GVariantValue value)
    {
        byte[] data = new byte[value.Data.Length + 1 + value.Type.Length];
        value.Data.CopyTo(data);
        Encoding.ASCII.GetBytes(value.Type, data.AsSpan(value.Data.Length + 1));
        return new("v", data);
    }

    /// <summary>A tuple of <paramref name="members"/>.</summary>
    public static GVariantValue Tuple(params ReadOnlySpan<GVariantValue> members) => Structure('(', members, ')');

    /// <summary>A dictionary entry.</summary>
    public static GVariantValue DictionaryEntry(GVariantValue key, GVariantValue value) => Structure('{', [key, value], '}');

    /// <summary>An array of <paramref name="elements"/>, all of type <paramref name="elementType"/>.</summary>
    public static GVariantValue Array(string elementType, params ReadOnlySpan<GVariantValue> elements)
    {
        int alignment = VariantType.AlignmentOf(elementType);
        bool isFixed = VariantType.FixedSizeOf(elementType) != 0;
        var buffer = new MemoryStream();
        var ends = new List<int>(isFixed ? 0 : elements.Length);
        foreach (GVariantValue element in elements)
        {
            if (element.Type != elementType)
            {
                throw element.WrongType(elementType);
            }

            Pad(buffer, alignment);
            buffer.Write(element.Data.Span);
            if (!isFixed)
            {
                ends.Add((int)buffer.Length);
            }
        }

        WriteOffsets(buffer, ends);
        return new("a" + elementType, buffer.ToArray());
    }

    private static GVariantValue Structure(char open, ReadOnlySpan<GVariantValue> members, char close)
    {
        var type = new StringBuilder().Append(open);
        var buffer = new MemoryStream();
        var ends = new List<int>();
        int alignment = 1;
        bool isFixed = true;
        for (int i = 0; i < members.Length; i++)
        {
            GVariantValue member = members[i];
            type.Append(member.Type);
            int memberAlignment = VariantType.AlignmentOf(member.Type);
            alignment = Math.Max(alignment, memberAlignment);
            Pad(buffer, memberAlignment);
            buffer.Write(member.Data.Span);
            if (VariantType.FixedSizeOf(member.Type) != 0)
            {
                continue;
            }

            isFixed = false;
            if (i < members.Length - 1)
            {
                ends.Add((int)buffer.Length);
            }
        }

        if (members.IsEmpty)
        {
            buffer.WriteByte(0);
        }
        else if (isFixed)
        {
            Pad(buffer, alignment);
        }

        ends.Reverse(); // a tuple's offsets stand in reverse order
        WriteOffsets(buffer, ends);
        return new(type.Append(close).ToString(), buffer.ToArray());
    }

    private static void Pad(MemoryStream buffer, int alignment)
    {
        while (buffer.Length % alignment != 0)
        {
            buffer.WriteByte(0);
        }
    }

    private static void WriteOffsets(MemoryStream buffer, List<int> ends)
    {
        if (ends.Count == 0)
        {
            return;
        }

        long bodySize = buffer.Length;
        int size = bodySize + ends.Count <= byte.MaxValue ? 1 : bodySize + (2L * ends.Count) <= ushort.MaxValue ? 2 : 4;
        Span<byte> bytes = stackalloc byte[4];
        foreach (int end in ends)
        {
            BinaryPrimitives.WriteInt32LittleEndian(bytes, end);
            buffer.Write(bytes[..size]);
        }
    }
}
