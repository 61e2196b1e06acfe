// A content object's metadata, and the header that is checksummed before its content.
using System.Buffers.Binary;
using Bootc.Linux;
using Bootc.Ostree.GVariant;

namespace Bootc.Ostree.Objects;

/// <summary>The metadata of a content object: a regular file or a symbolic link.</summary>
/// <remarks>
/// The checksum of a content object is that of its header followed by its content. The header is, in ostree-core-private.h:
/// <code>
/// 0  u32 big-endian   size of the variant
/// 4  u32              zero, padding
/// 8  (uuuusa(ayay))   uid, gid, mode, rdev (zero), all big-endian; target of a link; extended attributes
/// </code>
/// </remarks>
/// <param name="Uid">The owner's user ID.</param>
/// <param name="Gid">The owner's group ID.</param>
/// <param name="Mode">Kind (S_IFREG or S_IFLNK) and permission bits.</param>
/// <param name="LinkTarget">Where a symbolic link points; empty for a file.</param>
/// <param name="ExtendedAttributes">The extended attributes.</param>
public sealed record FileHeader(uint Uid, uint Gid, uint Mode, string LinkTarget, ExtendedAttributeList ExtendedAttributes)
{
    private const int PlainArchiveSize = 26;

    // Where there is no link target and no attribute: rdev, the empty string, and where it ends.
    private static ReadOnlySpan<byte> PlainArchiveEnd => [0, 0, 0, 0, 0, 25];

    private static readonly byte[] EmptyTail = GVariantValue.Tuple(
        GVariantValue.FromUInt32(0), GVariantValue.FromUInt32(0), GVariantValue.FromUInt32(0), GVariantValue.FromUInt32(0),
        GVariantValue.FromString(""), ExtendedAttributeList.Empty.ToValue()).Data.ToArray();

    /// <summary>The header of a regular file.</summary>
    public static FileHeader ForFile(uint uid, uint gid, uint permissions, ExtendedAttributeList? attributes = null) =>
        new(uid, gid, ModeBits.Regular | (permissions & ModeBits.PermissionMask), "", attributes ?? ExtendedAttributeList.Empty);

    /// <summary>The header of a symbolic link; its permission bits are always 0777.</summary>
    public static FileHeader ForSymbolicLink(uint uid, uint gid, string target, ExtendedAttributeList? attributes = null) =>
        new(uid, gid, ModeBits.SymbolicLink | 0x1FF, target, attributes ?? ExtendedAttributeList.Empty);

    /// <summary>Whether this is a symbolic link.</summary>
    public bool IsSymbolicLink => (Mode & ModeBits.KindMask) == ModeBits.SymbolicLink;

    /// <summary>The header as it is checksummed, size and padding included.</summary>
    public byte[] Serialize()
    {
        if (LinkTarget.Length == 0 && ExtendedAttributes.Count == 0)
        {
            byte[] quick = new byte[8 + EmptyTail.Length];
            EmptyTail.CopyTo(quick, 8);
            BinaryPrimitives.WriteInt32BigEndian(quick, EmptyTail.Length);
            WriteOwnerAndMode(quick.AsSpan(8));
            return quick;
        }

        return WithLength(GVariantValue.Tuple(
            GVariantValue.FromUInt32BigEndian(Uid),
            GVariantValue.FromUInt32BigEndian(Gid),
            GVariantValue.FromUInt32BigEndian(Mode),
            GVariantValue.FromUInt32(0),
            GVariantValue.FromString(LinkTarget),
            ExtendedAttributes.ToValue()));
    }

    /// <summary>The header of an archive object (<c>.filez</c>), size and padding included: <c>(tuuuusa(ayay))</c>.</summary>
    /// <param name="size">The content's uncompressed size in bytes.</param>
    public byte[] SerializeForArchive(long size)
    {
        if (LinkTarget.Length == 0 && ExtendedAttributes.Count == 0)
        {
            byte[] plain = new byte[8 + PlainArchiveSize];
            BinaryPrimitives.WriteInt32BigEndian(plain, PlainArchiveSize);
            BinaryPrimitives.WriteInt64BigEndian(plain.AsSpan(8), size);
            WriteOwnerAndMode(plain.AsSpan(16));
            PlainArchiveEnd.CopyTo(plain.AsSpan(^PlainArchiveEnd.Length..));
            return plain;
        }

        return WithLength(GVariantValue.Tuple(
            GVariantValue.FromUInt64BigEndian((ulong)size),
            GVariantValue.FromUInt32BigEndian(Uid),
            GVariantValue.FromUInt32BigEndian(Gid),
            GVariantValue.FromUInt32BigEndian(Mode),
            GVariantValue.FromUInt32(0),
            GVariantValue.FromString(LinkTarget),
            ExtendedAttributes.ToValue()));
    }

    /// <summary>Reads the variant of an archive object's header, without its size and padding.</summary>
    /// <exception cref="GVariantException">It is malformed.</exception>
    public static (FileHeader Header, long Size) ParseArchiveHeader(ReadOnlyMemory<byte> variant)
    {
        if (variant.Length == PlainArchiveSize && variant.Span.EndsWith(PlainArchiveEnd))
        {
            return ParsePlain(variant.Span);
        }

        GVariantValue[] members = new GVariantValue("(tuuuusa(ayay))", variant).AsTuple();
        return (FromMembers(members.AsSpan(1)), ToSize(BinaryPrimitives.ReverseEndianness(members[0].AsUInt64())));
    }

    /// <summary>Reads the metadata of a bare-user object, <c>(uuua(ayay))</c> in <c>user.ostreemeta</c>.</summary>
    /// <param name="variant">The attribute's value.</param>
    /// <param name="linkTarget">For a symbolic link, the object's content.</param>
    /// <exception cref="GVariantException">It is malformed.</exception>
    public static FileHeader ParseUserMetadata(ReadOnlyMemory<byte> variant, Func<string> linkTarget)
    {
        DirMeta meta = DirMeta.Parse(variant);
        string target = (meta.Mode & ModeBits.KindMask) == ModeBits.SymbolicLink ? linkTarget() : "";
        return new FileHeader(meta.Uid, meta.Gid, meta.Mode, target, meta.ExtendedAttributes);
    }

    /// <summary>The metadata of a bare-user object, for <c>user.ostreemeta</c>.</summary>
    public byte[] SerializeUserMetadata() => new DirMeta(Uid, Gid, Mode, ExtendedAttributes).Serialize();

    private static FileHeader FromMembers(ReadOnlySpan<GVariantValue> members) => new(
        BinaryPrimitives.ReverseEndianness(members[0].AsUInt32()),
        BinaryPrimitives.ReverseEndianness(members[1].AsUInt32()),
        BinaryPrimitives.ReverseEndianness(members[2].AsUInt32()),
        members[4].AsString(),
        ExtendedAttributeList.FromValue(members[5]));

    private static (FileHeader Header, long Size) ParsePlain(ReadOnlySpan<byte> variant)
    {
        uint uid = BinaryPrimitives.ReadUInt32BigEndian(variant[8..]);
        uint gid = BinaryPrimitives.ReadUInt32BigEndian(variant[12..]);
        uint mode = BinaryPrimitives.ReadUInt32BigEndian(variant[16..]);
        return (new FileHeader(uid, gid, mode, "", ExtendedAttributeList.Empty), ToSize(BinaryPrimitives.ReadUInt64BigEndian(variant)));
    }

    private static long ToSize(ulong size) =>
        size <= long.MaxValue ? (long)size : throw new GVariantException($"the size {size} of a file is impossible");

    private static byte[] WithLength(GVariantValue variant)
    {
        byte[] data = new byte[8 + variant.Data.Length];
        BinaryPrimitives.WriteInt32BigEndian(data, variant.Data.Length);
        variant.Data.Span.CopyTo(data.AsSpan(8));
        return data;
    }

    private void WriteOwnerAndMode(Span<byte> variant)
    {
        BinaryPrimitives.WriteUInt32BigEndian(variant, Uid);
        BinaryPrimitives.WriteUInt32BigEndian(variant[4..], Gid);
        BinaryPrimitives.WriteUInt32BigEndian(variant[8..], Mode);
    }
}
