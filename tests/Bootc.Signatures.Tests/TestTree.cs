// A log's tree, as RFC 6962 defines it: by recursion.
using System.Security.Cryptography;

namespace Bootc.Signatures.Tests;

internal static class TestTree
{
    /// <summary>The hash of a tree with these entries (section 2.1).</summary>
    public static byte[] Hash(ReadOnlySpan<byte[]> entries)
    {
        if (entries.Length == 1)
        {
            return SHA256.HashData([0, .. entries[0]]);
        }

        int split = Split(entries.Length);
        return SHA256.HashData([1, .. Hash(entries[..split]), .. Hash(entries[split..])]);
    }

    /// <summary>The way from an entry to the root (section 2.1.1).</summary>
    public static List<byte[]> Prove(int index, ReadOnlySpan<byte[]> entries)
    {
        if (entries.Length == 1)
        {
            return [];
        }

        int split = Split(entries.Length);
        return index < split
            ? [.. Prove(index, entries[..split]), Hash(entries[split..])]
            : [.. Prove(index - split, entries[split..]), Hash(entries[..split])];
    }

    // The largest power of two below the size.
    private static int Split(int size) => (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)size) / 2;
}
