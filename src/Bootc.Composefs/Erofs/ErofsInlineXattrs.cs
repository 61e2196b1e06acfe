// The extended attributes that follow an inode in an image.
using System.Buffers.Binary;

namespace Bootc.Composefs.Erofs;

/// <summary>References to shared attributes, and those that the inode has for itself, one after the other.</summary>
internal ref struct ErofsInlineXattrs
{
    private readonly ErofsView _image;
    private readonly long _start;
    private int _position;

    public ErofsInlineXattrs(ErofsView image, long start, ReadOnlySpan<byte> bytes)
    {
        _image = image;
        _start = start;
        Bytes = bytes;
        SharedCount = bytes.IsEmpty ? 0 : bytes[4];
        _position = ErofsFormat.XattrHeaderSize + (SharedCount * ErofsFormat.XattrEntrySize);
        if (!bytes.IsEmpty && _position > bytes.Length)
        {
            throw new ComposefsFormatException($"an inode names {SharedCount} shared extended attributes in {bytes.Length} bytes");
        }
    }

    /// <summary>All of it.</summary>
    public ReadOnlySpan<byte> Bytes { get; }

    public int SharedCount { get; }

    /// <summary>What <see cref="ErofsView.ReadSharedXattr"/> finds a shared attribute by.</summary>
    public readonly uint SharedOffset(int index) => BinaryPrimitives.ReadUInt32LittleEndian(Bytes[(ErofsFormat.XattrHeaderSize + (index * 4))..]);

    /// <summary>The next one of the inode's own; <see langword="false"/> at their end.</summary>
    public bool TryRead(out ErofsXattrView xattr)
    {
        if (_position + ErofsFormat.XattrEntrySize > Bytes.Length)
        {
            xattr = default;
            return false;
        }

        xattr = _image.ReadXattr(_start + _position, Bytes.Length - _position, out int size);
        _position += size;
        return true;
    }
}
