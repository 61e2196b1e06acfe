// A name in a directory on its way into an image.
using Bootc.Linux;

namespace Bootc.Composefs.Erofs;

/// <summary>A name, and the node that it was given to: that of a file, or of another name of it.</summary>
internal readonly record struct ErofsEntry(string Name, ComposefsNode Node)
{
    /// <summary>Whether another name has the inode.</summary>
    public bool IsHardLink => Name is "." or ".." || Node.HardLinkTarget is not null;

    public int NameLength => FileName.GetByteCount(Name);

    /// <summary>Orders names by their bytes.</summary>
    public static int Compare(ErofsEntry left, ErofsEntry right)
    {
        (string a, string b) = (left.Name, right.Name);
        int common = a.AsSpan().CommonPrefixLength(b);
        if (common == a.Length || common == b.Length)
        {
            return a.Length - b.Length;
        }

        // What is not ASCII is written with bytes above all of ASCII.
        return char.IsAscii(a[common]) || char.IsAscii(b[common])
            ? a[common] - b[common]
            : FileName.Encode(a).AsSpan().SequenceCompareTo(FileName.Encode(b));
    }
}
