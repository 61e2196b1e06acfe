// Type strings of GVariant: alignment, fixed size and members of each type.
// Specification: https://people.gnome.org/~desrt/gvariant-serialisation.pdf, sections 2.1 and 2.4.
namespace Bootc.Ostree.GVariant;

/// <summary>Facts about GVariant type strings, as the serialization needs them.</summary>
internal static class VariantType
{
    private const int MaximumDepth = 64;

    /// <summary>The alignment of a type's values in bytes: 1, 2, 4 or 8.</summary>
    public static int AlignmentOf(ReadOnlySpan<char> type) => type[0] switch
    {
        'y' or 'b' or 's' or 'o' or 'g' => 1,
        'n' or 'q' => 2,
        'i' or 'u' or 'h' => 4,
        'x' or 't' or 'd' or 'v' => 8,
        'a' or 'm' => AlignmentOf(type[1..]),
        '(' or '{' => LargestAlignment(type),
        _ => throw Invalid(type),
    };

    /// <summary>The size of a type's values in bytes, or 0 when it varies.</summary>
    public static int FixedSizeOf(ReadOnlySpan<char> type) => type[0] switch
    {
        'y' or 'b' => 1,
        'n' or 'q' => 2,
        'i' or 'u' or 'h' => 4,
        'x' or 't' or 'd' => 8,
        's' or 'o' or 'g' or 'v' or 'a' or 'm' => 0,
        '(' or '{' => FixedSizeOfTuple(type),
        _ => throw Invalid(type),
    };

    /// <summary>Takes the first complete type off the front of <paramref name="types"/>.</summary>
    public static ReadOnlySpan<char> Next(ref ReadOnlySpan<char> types)
    {
        int length = LengthOfFirst(types, 0);
        ReadOnlySpan<char> first = types[..length];
        types = types[length..];
        return first;
    }

    /// <summary>The types between the brackets of a tuple or dictionary entry.</summary>
    public static ReadOnlySpan<char> Members(ReadOnlySpan<char> tuple) => tuple[1..^1];

    /// <summary>A type as a string of its own; the parts of ostree's objects, of which there are many, share theirs.</summary>
    public static string ToString(ReadOnlySpan<char> type) => type switch
    {
        "s" => "s",
        "u" => "u",
        "t" => "t",
        "ay" => "ay",
        "(say)" => "(say)",
        "(sayay)" => "(sayay)",
        "a(say)" => "a(say)",
        "a(sayay)" => "a(sayay)",
        "a(ayay)" => "a(ayay)",
        _ => type.ToString(),
    };

    /// <summary>Whether the string is exactly one complete type.</summary>
    public static bool IsValid(ReadOnlySpan<char> type)
    {
        try
        {
            return !type.IsEmpty && LengthOfFirst(type, 0) == type.Length;
        }
        catch (GVariantException)
        {
            return false;
        }
    }

    private static int LengthOfFirst(ReadOnlySpan<char> types, int depth)
    {
        if (types.IsEmpty || depth > MaximumDepth)
        {
            throw Invalid(types);
        }

        switch (types[0])
        {
            case 'y' or 'b' or 'n' or 'q' or 'i' or 'u' or 'h' or 'x' or 't' or 'd' or 's' or 'o' or 'g' or 'v':
                return 1;
            case 'a' or 'm':
                return 1 + LengthOfFirst(types[1..], depth + 1);
            case '(':
            case '{':
                char close = types[0] == '(' ? ')' : '}';
                int at = 1;
                while (at < types.Length && types[at] != close)
                {
                    at += LengthOfFirst(types[at..], depth + 1);
                }

                return at < types.Length ? at + 1 : throw Invalid(types);
            default:
                throw Invalid(types);
        }
    }

    private static int LargestAlignment(ReadOnlySpan<char> tuple)
    {
        int largest = 1;
        for (ReadOnlySpan<char> members = Members(tuple); !members.IsEmpty;)
        {
            largest = Math.Max(largest, AlignmentOf(Next(ref members)));
        }

        return largest;
    }

    private static int FixedSizeOfTuple(ReadOnlySpan<char> tuple)
    {
        ReadOnlySpan<char> members = Members(tuple);
        if (members.IsEmpty)
        {
            return 1; // the unit type is one zero byte
        }

        int size = 0;
        int alignment = 1;
        while (!members.IsEmpty)
        {
            ReadOnlySpan<char> member = Next(ref members);
            int memberSize = FixedSizeOf(member);
            if (memberSize == 0)
            {
                return 0;
            }

            int memberAlignment = AlignmentOf(member);
            alignment = Math.Max(alignment, memberAlignment);
            size = Align(size, memberAlignment) + memberSize;
        }

        return Align(size, alignment);
    }

    public static int Align(int position, int alignment) => (position + alignment - 1) & -alignment;

    private static GVariantException Invalid(ReadOnlySpan<char> type) => new($"'{type}' is no GVariant type");
}
