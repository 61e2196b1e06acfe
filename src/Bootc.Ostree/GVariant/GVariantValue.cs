// A GVariant value: its type and its serialized bytes, little-endian, read without copying.
using System.Buffers.Binary;
using System.Text;

namespace Bootc.Ostree.GVariant;

/// <summary>
/// A value in GVariant serialization (little-endian, as every ostree file is on the machines we run on). Containers are
/// read in place; data that is not in normal form is refused with <see cref="GVariantException"/>.
/// </summary>
/// <remarks>Specification: https://people.gnome.org/~desrt/gvariant-serialisation.pdf.</remarks>
public readonly partial struct GVariantValue
{
    private readonly string? _type;

    /// <summary>A value of <paramref name="type"/> with the serialized bytes <paramref name="data"/>.</summary>
    /// <exception cref="GVariantException">The type is invalid or the size impossible for it.</exception>
    public GVariantValue(string type, ReadOnlyMemory<byte> data)
    {
        if (!VariantType.IsValid(type))
        {
            throw new GVariantException($"'{type}' is no GVariant type");
        }

        int fixedSize = VariantType.FixedSizeOf(type);
        if (fixedSize != 0 && fixedSize != data.Length)
        {
            throw new GVariantException($"a value of type {type} has {data.Length} bytes instead of {fixedSize}");
        }

        _type = type;
        Data = data;
    }

    /// <summary>The type string.</summary>
    public string Type => _type ?? "()";

    /// <summary>The serialized bytes.</summary>
    public ReadOnlyMemory<byte> Data { get; }

    /// <summary>The value of a <c>y</c>.</summary>
    public byte AsByte() => Fixed("y")[0];

    /// <summary>The value of a <c>b</c>.</summary>
    public bool AsBoolean() => Fixed("b")[0] switch
    {
        0 => false,
        1 => true,
        byte other => throw new GVariantException($"a boolean has the value {other}"),
    };

    /// <summary>The value of a <c>u</c>, in the machine's order: ostree stores most of them big-endian, see the object's format.</summary>
    public uint AsUInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Fixed("u"));

    /// <summary>The value of an <c>i</c>.</summary>
    public int AsInt32() => BinaryPrimitives.ReadInt32LittleEndian(Fixed("i"));

    /// <summary>The value of a <c>t</c>, in the machine's order.</summary>
    public ulong AsUInt64() => BinaryPrimitives.ReadUInt64LittleEndian(Fixed("t"));

    /// <summary>The value of an <c>x</c>.</summary>
    public long AsInt64() => BinaryPrimitives.ReadInt64LittleEndian(Fixed("x"));

    /// <summary>The value of an <c>s</c>, <c>o</c> or <c>g</c>.</summary>
    public string AsString()
    {
        if (Type is not ("s" or "o" or "g"))
        {
            throw WrongType("s");
        }

        ReadOnlySpan<byte> bytes = Data.Span;
        if (bytes.IsEmpty || bytes.IndexOf((byte)0) != bytes.Length - 1)
        {
            throw new GVariantException("a string is not terminated where it ends");
        }

        try
        {
            return StrictUtf8.GetString(bytes[..^1]);
        }
        catch (DecoderFallbackException)
        {
            throw new GVariantException("a string is not UTF-8");
        }
    }

    /// <summary>The bytes of an <c>ay</c>.</summary>
    public ReadOnlyMemory<byte> AsBytes() => Type == "ay" ? Data : throw WrongType("ay");

    /// <summary>What a <c>v</c> holds.</summary>
    public GVariantValue AsVariant()
    {
        if (Type != "v")
        {
            throw WrongType("v");
        }

        // The value, a zero byte, the type string.
        ReadOnlySpan<byte> bytes = Data.Span;
        int separator = bytes.LastIndexOf((byte)0);
        if (separator < 0)
        {
            throw new GVariantException("a variant has no type");
        }

        return new GVariantValue(Encoding.ASCII.GetString(bytes[(separator + 1)..]), Data[..separator]);
    }

    /// <summary>The elements of an array (<c>a…</c>), in order.</summary>
    public GVariantValue[] AsArray()
    {
        if (Type[0] != 'a')
        {
            throw WrongType("a…");
        }

        string element = VariantType.ToString(Type.AsSpan(1));
        return VariantType.FixedSizeOf(element) is var size and > 0 ? FixedElements(element, size) : VariableElements(element);
    }

    /// <summary>The members of a tuple or dictionary entry, in order.</summary>
    public GVariantValue[] AsTuple()
    {
        var members = new GVariantValue[CountMembers()];
        CopyMembersTo(members);
        return members;
    }

    /// <summary>As <see cref="AsTuple"/>, into memory that is used for many tuples of one type.</summary>
    internal void CopyMembersTo(Span<GVariantValue> members)
    {
        int count = CountMembers();
        if (count != members.Length)
        {
            throw new GVariantException($"a {Type} has {count} members instead of {members.Length}");
        }

        ReadOnlySpan<char> types = VariantType.Members(Type);
        int offsetSize = OffsetSizeOf(Data.Length);
        int offsetsStart = Data.Length;
        int position = 0;
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<char> type = VariantType.Next(ref types);
            int start = AlignChecked(position, VariantType.AlignmentOf(type));
            int size = VariantType.FixedSizeOf(type);
            int end = size != 0 ? start + size
                : types.IsEmpty ? offsetsStart
                : ReadOffset(offsetsStart -= offsetSize, offsetSize);
            if (start > end || end > offsetsStart)
            {
                throw new GVariantException($"a member of a {Type} lies outside of it");
            }

            members[i] = Part(VariantType.ToString(type), start, end);
            position = end;
        }
    }

    /// <summary>What a maybe (<c>m…</c>) holds, or <see langword="null"/>.</summary>
    public GVariantValue? AsMaybe()
    {
        if (Type[0] != 'm')
        {
            throw WrongType("m…");
        }

        if (Data.IsEmpty)
        {
            return null;
        }

        string element = Type[1..];
        return new GVariantValue(element, VariantType.FixedSizeOf(element) != 0 ? Data : Data[..^1]);
    }

    /// <summary>The strings of an <c>as</c>.</summary>
    public string[] AsStringArray() => [.. (Type == "as" ? this : throw WrongType("as")).AsArray().Select(value => value.AsString())];

    /// <inheritdoc/>
    public override string ToString() => $"{Type} ({Data.Length} bytes)";

    // What is inside of a valid type is one as well.
    private GVariantValue(ReadOnlyMemory<byte> data, string type)
    {
        _type = type;
        Data = data;
    }

    private GVariantValue Part(string type, int start, int end) => new(Data[start..end], type);

    private int CountMembers()
    {
        if (Type[0] is not ('(' or '{'))
        {
            throw WrongType("(…)");
        }

        int count = 0;
        for (ReadOnlySpan<char> types = VariantType.Members(Type); !types.IsEmpty; count++)
        {
            VariantType.Next(ref types);
        }

        return count;
    }

    private GVariantValue[] FixedElements(string element, int size)
    {
        if (Data.Length % size != 0)
        {
            throw new GVariantException($"an array of {Data.Length} bytes holds no whole number of {element}");
        }

        var values = new GVariantValue[Data.Length / size];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = Part(element, i * size, (i + 1) * size);
        }

        return values;
    }

    private GVariantValue[] VariableElements(string element)
    {
        if (Data.IsEmpty)
        {
            return [];
        }

        int offsetSize = OffsetSizeOf(Data.Length);
        int offsetsStart = ReadOffset(Data.Length - offsetSize, offsetSize);
        if (offsetsStart > Data.Length || (Data.Length - offsetsStart) % offsetSize != 0 || offsetsStart == Data.Length)
        {
            throw new GVariantException("the offsets of an array lie outside of it");
        }

        var values = new GVariantValue[(Data.Length - offsetsStart) / offsetSize];
        int alignment = VariantType.AlignmentOf(element);
        int position = 0;
        for (int i = 0; i < values.Length; i++)
        {
            int start = AlignChecked(position, alignment);
            int end = ReadOffset(offsetsStart + (i * offsetSize), offsetSize);
            if (start > end || end > offsetsStart)
            {
                throw new GVariantException($"element {i} of an array lies outside of it");
            }

            values[i] = Part(element, start, end);
            position = end;
        }

        return values;
    }

    private int AlignChecked(int position, int alignment)
    {
        int aligned = VariantType.Align(position, alignment);
        if (aligned <= Data.Length && Data.Span[position..aligned].ContainsAnyExcept((byte)0))
        {
            throw new GVariantException("the padding between values is not zero");
        }

        return aligned;
    }

    private int ReadOffset(int position, int size)
    {
        if (position < 0)
        {
            throw new GVariantException($"a {Type} is too short for its offsets");
        }

        ReadOnlySpan<byte> bytes = Data.Span[position..];
        ulong offset = size switch
        {
            1 => bytes[0],
            2 => BinaryPrimitives.ReadUInt16LittleEndian(bytes),
            4 => BinaryPrimitives.ReadUInt32LittleEndian(bytes),
            _ => BinaryPrimitives.ReadUInt64LittleEndian(bytes),
        };
        return offset <= (ulong)Data.Length ? (int)offset : throw new GVariantException("an offset points outside of its container");
    }

    private static int OffsetSizeOf(int containerSize) => containerSize switch
    {
        <= byte.MaxValue => 1,
        <= ushort.MaxValue => 2,
        _ => 4,
    };

    private ReadOnlySpan<byte> Fixed(string type) => Type == type ? Data.Span : throw WrongType(type);

    private GVariantException WrongType(string expected) => new($"a value has the type {Type} instead of {expected}");

    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);
}
