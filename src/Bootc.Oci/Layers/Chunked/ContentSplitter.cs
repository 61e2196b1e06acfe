// Cuts the content of large files into chunks, at places that the content itself decides.
namespace Bootc.Oci.Layers.Chunked;

/// <summary>
/// Finds where chunks end by a rolling hash (a gear hash, as in FastCDC), so that a change moves no boundary but those near it,
/// and the other chunks are the same as before. Chunks have 128 KiB on average.
/// </summary>
internal struct ContentSplitter
{
    /// <summary>No chunk but a file's last is smaller.</summary>
    public const int Minimum = 32 * 1024;

    /// <summary>No chunk is larger.</summary>
    public const int Maximum = 512 * 1024;

    private const ulong Mask = 0x0001FFFF_00000000; // 17 bits, which the last 49 bytes or more decide
    private static readonly ulong[] Gears = MakeGears();

    private ulong _hash;
    private int _length;

    /// <summary>Takes content.</summary>
    /// <returns>How many bytes of it belong to the chunk, and whether the chunk ends after them.</returns>
    public (int Count, bool IsEnd) Take(ReadOnlySpan<byte> content)
    {
        ulong[] gears = Gears;
        ulong hash = _hash;
        for (int i = 0; i < content.Length; i++)
        {
            hash = (hash << 1) + gears[content[i]];
            _length++;
            if ((_length >= Minimum && (hash & Mask) == 0) || _length == Maximum)
            {
                _hash = 0;
                _length = 0;
                return (i + 1, true);
            }
        }

        _hash = hash;
        return (content.Length, false);
    }

    // Any numbers without a pattern do, as long as they stay the same (SplitMix64).
    private static ulong[] MakeGears()
    {
        ulong[] gears = new ulong[256];
        ulong state = 0x6C61796572;
        for (int i = 0; i < gears.Length; i++)
        {
            state += 0x9E3779B97F4A7C15;
            ulong value = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9;
            value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
            gears[i] = value ^ (value >> 31);
        }

        return gears;
    }
}
