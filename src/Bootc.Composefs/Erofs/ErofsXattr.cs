// An extended attribute on its way into an image.
using System.IO.Hashing;
using Bootc.Linux;

namespace Bootc.Composefs.Erofs;

/// <summary>One name and value, shared by all inodes that have it.</summary>
internal sealed class ErofsXattr
{
    private ErofsXattr(string name, byte[] value)
    {
        Name = FileName.Encode(name);
        Value = value;
        (Index, string rest) = ErofsFormat.SplitXattrName(name);
        Suffix = FileName.Encode(rest);
        EntrySize = (int)ErofsFormat.Align(ErofsFormat.XattrEntrySize + Suffix.Length + value.Length, 4);
        FilterBit = 1u << (int)(XxHash32.HashToUInt32(Suffix, (int)(ErofsFormat.XattrFilterSeed + Index)) & 31);
    }

    public byte[] Name { get; }

    public byte[] Value { get; }

    public byte Index { get; }

    public byte[] Suffix { get; }

    public int EntrySize { get; }

    /// <summary>The bit of the name filter that this name clears.</summary>
    public uint FilterBit { get; }

    public int Uses { get; set; }

    /// <summary>The offset among the shared attributes in bytes, or -1.</summary>
    public long SharedOffset { get; set; } = -1;

    /// <summary>All attributes of one image, each name and value once.</summary>
    public sealed class Pool : Dictionary<(string Name, string Value), ErofsXattr>
    {
        public ErofsXattr Get(string name, byte[] value)
        {
            var key = (name, Convert.ToBase64String(value));
            if (!TryGetValue(key, out ErofsXattr? xattr))
            {
                Add(key, xattr = new ErofsXattr(name, value));
            }

            return xattr;
        }
    }
}
