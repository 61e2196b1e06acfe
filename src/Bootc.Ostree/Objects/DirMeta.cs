// A directory's metadata object.
using System.Buffers.Binary;
using Bootc.Linux;
using Bootc.Ostree.GVariant;

namespace Bootc.Ostree.Objects;

/// <summary>A directory's owner, mode and extended attributes: <c>(uuua(ayay))</c>, the numbers big-endian.</summary>
/// <param name="Uid">The owner's user ID.</param>
/// <param name="Gid">The owner's group ID.</param>
/// <param name="Mode">S_IFDIR and permission bits.</param>
/// <param name="ExtendedAttributes">The extended attributes.</param>
public sealed record DirMeta(uint Uid, uint Gid, uint Mode, ExtendedAttributeList ExtendedAttributes)
{
    /// <summary>The metadata of a directory with permission bits and perhaps extended attributes.</summary>
    public static DirMeta ForDirectory(uint uid, uint gid, uint permissions, ExtendedAttributeList? attributes = null) =>
        new(uid, gid, ModeBits.Directory | (permissions & ModeBits.PermissionMask), attributes ?? ExtendedAttributeList.Empty);

    /// <summary>The object's bytes.</summary>
    public byte[] Serialize() => GVariantValue.Tuple(
        GVariantValue.FromUInt32BigEndian(Uid),
        GVariantValue.FromUInt32BigEndian(Gid),
        GVariantValue.FromUInt32BigEndian(Mode),
        ExtendedAttributes.ToValue()).Data.ToArray();

    /// <summary>Reads an object's bytes.</summary>
    /// <exception cref="GVariantException">They are malformed.</exception>
    public static DirMeta Parse(ReadOnlyMemory<byte> data)
    {
        GVariantValue[] members = new GVariantValue("(uuua(ayay))", data).AsTuple();
        return new DirMeta(
            BinaryPrimitives.ReverseEndianness(members[0].AsUInt32()),
            BinaryPrimitives.ReverseEndianness(members[1].AsUInt32()),
            BinaryPrimitives.ReverseEndianness(members[2].AsUInt32()),
            ExtendedAttributeList.FromValue(members[3]));
    }
}
