// The headers of a layer's files, each of which many files have.
using System.Buffers.Binary;
using Bootc.Ostree.Objects;

namespace Bootc.Import;

/// <summary>
/// Headers of content objects in archive form, with zeros where the size of the content stands. A header that was added a moment
/// ago is not added again; links, each with a target of its own, have one each. Added by one thread at a time.
/// </summary>
internal sealed class FactHeaders
{
    /// <summary>The bytes at a header's start that say the size of the content.</summary>
    public const int SizeOfSize = sizeof(long);

    private const int SmallestBlock = 512;
    private const int LargestBlock = 32 * 1024;
    private const int RecentHeaders = 64;

    private readonly List<byte[]> _blocks = []; // of headers, each after its length
    private readonly List<int> _starts = []; // of the blocks, if they lay one after the other
    private readonly int[] _recent = new int[RecentHeaders]; // places and 1, by what is in them
    private int _used; // of the last block
    private volatile Tuple<int, FileHeader>? _last; // most files have the one that others have as well

    /// <summary>Adds a header, and tells its place.</summary>
    public int Add(ReadOnlySpan<byte> header)
    {
        ReadOnlySpan<byte> rest = header[SizeOfSize..];
        var hash = default(HashCode);
        hash.AddBytes(rest);
        ref int recent = ref _recent[hash.ToHashCode() & (RecentHeaders - 1)];
        if (recent == 0 || !BytesAt(recent - 1).Span[SizeOfSize..].SequenceEqual(rest))
        {
            Span<byte> entry = Reserve(sizeof(int) + header.Length, out int place);
            BinaryPrimitives.WriteInt32LittleEndian(entry, header.Length);
            rest.CopyTo(entry[(sizeof(int) + SizeOfSize)..]);
            recent = place + 1;
        }

        return recent - 1;
    }

    /// <summary>The bytes of a header.</summary>
    public ReadOnlyMemory<byte> BytesAt(int place)
    {
        int block = _starts.BinarySearch(place);
        block = block < 0 ? ~block - 1 : block;
        ReadOnlyMemory<byte> entry = _blocks[block].AsMemory(place - _starts[block]);
        return entry.Slice(sizeof(int), BinaryPrimitives.ReadInt32LittleEndian(entry.Span));
    }

    /// <summary>A header; asked for by several threads once all are added.</summary>
    public FileHeader this[int place]
    {
        get
        {
            if (_last is { } last && last.Item1 == place)
            {
                return last.Item2;
            }

            FileHeader header = FileHeader.ParseArchiveHeader(BytesAt(place)).Header;
            if (!header.IsSymbolicLink)
            {
                _last = new(place, header);
            }

            return header;
        }
    }

    private Span<byte> Reserve(int size, out int place)
    {
        if (_blocks.Count == 0 || _blocks[^1].Length - _used < size)
        {
            _starts.Add(_blocks.Count == 0 ? 0 : checked(_starts[^1] + _blocks[^1].Length));
            _blocks.Add(new byte[Math.Max(size, _blocks.Count == 0 ? SmallestBlock : Math.Min(LargestBlock, 2 * _blocks[^1].Length))]);
            _used = 0;
        }

        place = _starts[^1] + _used;
        _used += size;
        return _blocks[^1].AsSpan(_used - size, size);
    }
}
