// Extended attributes in the canonical order in which ostree checksums them.
using System.Collections;
using Bootc.Linux;
using Bootc.Ostree.GVariant;

namespace Bootc.Ostree.Objects;

/// <summary>Extended attributes sorted by their names' bytes; equal when all names and values are.</summary>
public sealed class ExtendedAttributeList : IReadOnlyList<ExtendedAttribute>, IEquatable<ExtendedAttributeList>
{
    /// <summary>The type of the serialized list: names with their NUL terminator, and values.</summary>
    internal const string VariantTypeString = "a(ayay)";

    private readonly ExtendedAttribute[] _attributes;
    private GVariantValue? _value;

    private ExtendedAttributeList(ExtendedAttribute[] attributes) => _attributes = attributes;

    /// <summary>No attributes.</summary>
    public static ExtendedAttributeList Empty { get; } = new([]);

    /// <inheritdoc/>
    public int Count => _attributes.Length;

    /// <inheritdoc/>
    public ExtendedAttribute this[int index] => _attributes[index];

    /// <summary>Sorts <paramref name="attributes"/>.</summary>
    /// <exception cref="ArgumentException">A name occurs twice.</exception>
    public static ExtendedAttributeList Create(IEnumerable<ExtendedAttribute> attributes)
    {
        ExtendedAttribute[] sorted = [.. attributes];
        if (sorted.Length == 0)
        {
            return Empty;
        }

        Array.Sort(sorted, static (a, b) => FileName.Encode(a.Name).AsSpan().SequenceCompareTo(FileName.Encode(b.Name)));
        for (int i = 1; i < sorted.Length; i++)
        {
            if (sorted[i].Name == sorted[i - 1].Name)
            {
                throw new ArgumentException($"extended attribute {sorted[i].Name} is given twice", nameof(attributes));
            }
        }

        return new ExtendedAttributeList(sorted);
    }

    /// <summary>The serialized form, <c>a(ayay)</c>.</summary>
    public GVariantValue ToValue() => _value ??= GVariantValue.Array(
        "(ayay)",
        [.. _attributes.Select(attribute => GVariantValue.Tuple(
            GVariantValue.FromBytes((byte[])[.. FileName.Encode(attribute.Name), 0]),
            GVariantValue.FromBytes(attribute.Value)))]);

    /// <summary>Reads the serialized form.</summary>
    /// <exception cref="GVariantException">It is not in normal form, or a name is not terminated.</exception>
    public static ExtendedAttributeList FromValue(GVariantValue value)
    {
        if (value.Data.IsEmpty)
        {
            return Empty;
        }

        var attributes = new List<ExtendedAttribute>();
        foreach (GVariantValue entry in value.AsArray())
        {
            GVariantValue[] members = entry.AsTuple();
            ReadOnlySpan<byte> name = members[0].AsBytes().Span;
            if (name.Length < 2 || name.IndexOf((byte)0) != name.Length - 1)
            {
                throw new GVariantException("the name of an extended attribute is empty or not terminated");
            }

            attributes.Add(new ExtendedAttribute(FileName.Decode(name[..^1]), members[1].AsBytes().ToArray()));
        }

        return new ExtendedAttributeList([.. attributes]);
    }

    /// <summary>Reads the serialized form where it must be the canonical one, which is checksummed: sorted, no name twice.</summary>
    /// <exception cref="GVariantException">It is not.</exception>
    public static ExtendedAttributeList Parse(ReadOnlyMemory<byte> data)
    {
        ExtendedAttributeList attributes = FromValue(new GVariantValue(VariantTypeString, data));
        for (int i = 1; i < attributes.Count; i++)
        {
            if (FileName.Encode(attributes[i - 1].Name).AsSpan().SequenceCompareTo(FileName.Encode(attributes[i].Name)) >= 0)
            {
                throw new GVariantException($"the extended attributes {attributes[i - 1].Name} and {attributes[i].Name} are not in order");
            }
        }

        return attributes.ToValue().Data.Span.SequenceEqual(data.Span) ? attributes : throw new GVariantException("extended attributes are not in normal form");
    }

    /// <inheritdoc/>
    public bool Equals(ExtendedAttributeList? other) =>
        other is not null && (ReferenceEquals(this, other) || ToValue().Data.Span.SequenceEqual(other.ToValue().Data.Span));

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as ExtendedAttributeList);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = default(HashCode);
        hash.AddBytes(ToValue().Data.Span);
        return hash.ToHashCode();
    }

    /// <inheritdoc/>
    public IEnumerator<ExtendedAttribute> GetEnumerator() => _attributes.AsEnumerable().GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
