// The name of an extended attribute as an image holds it.
using System.IO.Hashing;
using Bootc.Linux;

namespace Bootc.Composefs.Erofs;

/// <summary>A name split into the number of its prefix and the rest. There are few names, and many attributes.</summary>
internal sealed class ErofsXattrName
{
    public ErofsXattrName(string name)
    {
        Bytes = FileName.Encode(name);
        (Index, string rest) = ErofsFormat.SplitXattrName(name);
        Suffix = FileName.Encode(rest);
        FilterBit = 1u << (int)(XxHash32.HashToUInt32(Suffix, (int)(ErofsFormat.XattrFilterSeed + Index)) & 31);
    }

    /// <summary>The whole name.</summary>
    public byte[] Bytes { get; }

    public byte Index { get; }

    public byte[] Suffix { get; }

    /// <summary>The bit of the name filter that this name clears.</summary>
    public uint FilterBit { get; }
}
