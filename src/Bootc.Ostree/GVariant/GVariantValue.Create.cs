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
        int bodySize = 0;
        foreach (GVariantValue element in elements)
        {
            bodySize = element.Type == elementType
                ? VariantType.Align(bodySize, alignment) + element.Data.Length
                : throw element.WrongType(elementType);
        }

        int offsets = VariantType.FixedSizeOf(elementType) != 0 ? 0 : elements.Length;
        int offsetSize = OffsetSizeFor(bodySize, offsets);
        byte[] data = new byte[bodySize + (offsets * offsetSize)];
        int position = 0;
        for (int i = 0; i < elements.Length; i++)
        {
            position = Append(data, VariantType.Align(position, alignment), elements[i]);
            if (offsets > 0)
            {
                WriteOffset(data.AsSpan(bodySize + (i * offsetSize), offsetSize), position);
            }
        }

        return new("a" + elementType, data);
    }

    private static GVariantValue Structure(char open, ReadOnlySpan<GVariantValue> members, char close)
    {
        int bodySize = 0;
        int offsets = 0;
        int alignment = 1;
        bool isFixed = true;
        for (int i = 0; i < members.Length; i++)
        {
            int memberAlignment = VariantType.AlignmentOf(members[i].Type);
            alignment = Math.Max(alignment, memberAlignment);
            bodySize = VariantType.Align(bodySize, memberAlignment) + members[i].Data.Length;
            if (VariantType.FixedSizeOf(members[i].Type) == 0)
            {
                isFixed = false;
                offsets += i < members.Length - 1 ? 1 : 0;
            }
        }

        bodySize = members.IsEmpty ? 1 : isFixed ? VariantType.Align(bodySize, alignment) : bodySize;
        int offsetSize = OffsetSizeFor(bodySize, offsets);
        byte[] data = new byte[bodySize + (offsets * offsetSize)];
        int offset = data.Length; // a tuple's offsets stand in reverse order
        int position = 0;
        for (int i = 0; i < members.Length; i++)
        {
            position = Append(data, VariantType.Align(position, VariantType.AlignmentOf(members[i].Type)), members[i]);
            if (i < members.Length - 1 && VariantType.FixedSizeOf(members[i].Type) == 0)
            {
                WriteOffset(data.AsSpan(offset -= offsetSize, offsetSize), position);
            }
        }

        return new(data, TypeOf(open, members, close));
    }

    private static string TypeOf(char open, ReadOnlySpan<GVariantValue> members, char close)
    {
        int length = 2;
        foreach (GVariantValue member in members)
        {
            length += member.Type.Length;
        }

        Span<char> type = length <= 256 ? stackalloc char[length] : new char[length];
        type[0] = open;
        int position = 1;
        foreach (GVariantValue member in members)
        {
            member.Type.CopyTo(type[position..]);
            position += member.Type.Length;
        }

        type[position] = close;
        return VariantType.ToString(type);
    }

    private static int Append(byte[] data, int position, GVariantValue value)
    {
        value.Data.Span.CopyTo(data.AsSpan(position));
        return position + value.Data.Length;
    }

    private static int OffsetSizeFor(int bodySize, int offsets) =>
        bodySize + offsets <= byte.MaxValue ? 1 : bodySize + (2L * offsets) <= ushort.MaxValue ? 2 : 4;

    private static void WriteOffset(Span<byte> destination, int end)
    {
        Span<byte> bytes = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, end);
        bytes[..destination.Length].CopyTo(destination);
    }
}
