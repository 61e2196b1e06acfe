// A commit object.
using System.Buffers.Binary;
using Bootc.Ostree.GVariant;

namespace Bootc.Ostree.Objects;

/// <summary>
/// A root directory with its history and metadata: <c>(a{sv}aya(say)sstayay)</c>, which are metadata, parent (empty or 32
/// bytes), related objects (always empty), subject, body, timestamp (big-endian), root dirtree and root dirmeta.
/// </summary>
/// <param name="Metadata">Metadata, of which ostree and we use keys of our own.</param>
/// <param name="Parent">The commit before, if any.</param>
/// <param name="Subject">One line about the commit, perhaps empty.</param>
/// <param name="Body">More lines, perhaps none.</param>
/// <param name="Timestamp">When it was made, in seconds since the epoch, UTC.</param>
/// <param name="RootTree">The root's dirtree.</param>
/// <param name="RootMeta">The root's dirmeta.</param>
public sealed record Commit(
    VariantDictionary Metadata, Checksum? Parent, string Subject, string Body, ulong Timestamp, Checksum RootTree, Checksum RootMeta)
{
    /// <summary>The object's bytes.</summary>
    public byte[] Serialize() => GVariantValue.Tuple(
        Metadata.ToValue(),
        GVariantValue.FromBytes(Parent is { } parent ? parent.ToArray() : []),
        GVariantValue.Array("(say)"),
        GVariantValue.FromString(Subject),
        GVariantValue.FromString(Body),
        GVariantValue.FromUInt64BigEndian(Timestamp),
        GVariantValue.FromBytes(RootTree.ToArray()),
        GVariantValue.FromBytes(RootMeta.ToArray())).Data.ToArray();

    /// <summary>Reads an object's bytes.</summary>
    /// <exception cref="GVariantException">They are malformed.</exception>
    public static Commit Parse(ReadOnlyMemory<byte> data)
    {
        GVariantValue[] members = new GVariantValue("(a{sv}aya(say)sstayay)", data).AsTuple();
        ReadOnlyMemory<byte> parent = members[1].AsBytes();
        return new Commit(
            VariantDictionary.FromValue(members[0]),
            parent.IsEmpty ? null : ToChecksum(parent),
            members[3].AsString(),
            members[4].AsString(),
            BinaryPrimitives.ReverseEndianness(members[5].AsUInt64()),
            ToChecksum(members[6].AsBytes()),
            ToChecksum(members[7].AsBytes()));
    }

    private static Checksum ToChecksum(ReadOnlyMemory<byte> bytes) => bytes.Length == Checksum.Size
        ? new Checksum(bytes.Span)
        : throw new GVariantException($"a checksum has {bytes.Length} bytes instead of {Checksum.Size}");
}
