// The metadata of a layer's files, kept beside the repository's objects so that it need not be gathered again.
using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Bootc.Composefs.FsVerity;
using Bootc.Linux;
using Bootc.Oci.Model;
using Bootc.Ostree;
using Bootc.Ostree.Objects;
using Microsoft.Win32.SafeHandles;

namespace Bootc.Import;

/// <summary>
/// Remembers, for each layer commit, what its files are, in <c>extensions/bootc/facts/CHECKSUM</c>; libostree ignores it,
/// and where it is missing or damaged, the objects themselves are looked at. The file is, for each content object in order:
/// <code>
/// 0   object checksum, 32 bytes        64  size of the content, i64
/// 32  fs-verity digest or zeros        72  size of the header, u32, and the header of the object (archive form)
/// </code>
/// and at its end the SHA-256 of all that. Numbers are little-endian. In memory they are bytes as well, since there are as many
/// of them as the image has files, and most are asked for once or twice; the header, which is that of many others, is replaced by
/// its place among all headers, u32 at 72.
/// </summary>
public sealed class LayerFacts
{
    private const string Folder = "extensions/bootc/facts";
    private const int EntrySize = 76; // in memory, and in the file without its header
    private const int BackingSize = 64; // of the checksum and the digest at its start
    private const int TypicalSize = 104; // of an entry in the file
    private const int BufferSize = 64 * 1024;
    private const int PlaceBits = 10; // of a place, for where an entry stands in its block
    private const int SmallestBlock = 32; // entries
    private const int LargestBlock = 1 << PlaceBits;

    private readonly List<(byte[] Entries, FactHeaders Headers)> _blocks = [];
    private readonly FactHeaders _headers = new(); // of what is added here
    private readonly HashSet<int> _entries; // by their places: which block, and which entry in it
    private readonly HashSet<int>.AlternateLookup<Checksum> _byChecksum;
    private readonly Lock _gate = new();
    private int _free; // entries at the end of the last block
    private Lazy<bool>? _load;

    /// <summary>Nothing is known yet.</summary>
    public LayerFacts()
    {
        _entries = new HashSet<int>(new ByChecksum(this));
        _byChecksum = _entries.GetAlternateLookup<Checksum>();
    }

    /// <summary>What is known of a content object, or <see langword="null"/>; asked by several threads once all is added.</summary>
    public FileFacts? TryGet(Checksum file)
    {
        _ = _load?.Value;
        if (!_byChecksum.TryGetValue(file, out int place))
        {
            return null;
        }

        (byte[] entries, FactHeaders headers) = _blocks[place >> PlaceBits];
        ReadOnlyMemory<byte> memory = entries.AsMemory(OffsetOf(place), EntrySize);
        ReadOnlySpan<byte> entry = memory.Span;
        bool hasVerity = entry.Slice(32, 32).ContainsAnyExcept((byte)0);
        FileHeader header = headers[BinaryPrimitives.ReadInt32LittleEndian(entry[72..])];
        return new FileFacts(header, BinaryPrimitives.ReadInt64LittleEndian(entry[64..]), hasVerity ? new VerityDigest(entry.Slice(32, 32)) : null)
        {
            ChecksumAndDigest = hasVerity ? memory[..BackingSize] : default,
        };
    }

    /// <summary>What is known of the files of an image's layers; read when it is first asked for.</summary>
    public static LayerFacts Load(Repository repository, StoredImage image)
    {
        var facts = new LayerFacts();
        facts._load = new Lazy<bool>(() => facts.ReadLayers(repository, image));
        return facts;
    }

    /// <summary>Adds what a content object is, unless that is known; by several threads at once.</summary>
    internal void TryAdd(Checksum file, FileFacts facts)
    {
        ReadOnlySpan<byte> header = facts.Header.SerializeForArchive(facts.Size).AsSpan(8);
        lock (_gate)
        {
            if (_byChecksum.Contains(file))
            {
                return;
            }

            Span<byte> entry = Reserve(out int place);
            file.CopyTo(entry);
            facts.Verity?.CopyTo(entry[32..]);
            BinaryPrimitives.WriteInt64LittleEndian(entry[64..], facts.Size);
            BinaryPrimitives.WriteInt32LittleEndian(entry[72..], _headers.Add(header));
            _entries.Add(place);
        }
    }

    private bool ReadLayers(Repository repository, StoredImage image)
    {
        foreach (Descriptor layer in image.Manifest.Layers)
        {
            if (repository.TryResolveRef(ImageStore.RefOf(layer.Digest)) is { } commit)
            {
                Read(repository, commit);
            }
        }

        return true;
    }

    /// <summary>Adds what is remembered of a layer, if anything.</summary>
    internal void Read(Repository repository, Checksum layer)
    {
        using SafeFileHandle? file = repository.Directory.TryOpenFile($"{Folder}/{layer}");
        var facts = new LayerFacts();
        if (file is not null && facts.TryRead(file))
        {
            AddAll(facts);
        }
    }

    /// <summary>Adds what the files of a layer are, and remembers it.</summary>
    internal void Write(Repository repository, Checksum layer, LayerFacts files)
    {
        int[] places = [.. files._entries];
        Array.Sort(places, (a, b) => files.KeyAt(a).SequenceCompareTo(files.KeyAt(b)));
        repository.Directory.EnsureDirectory(Folder).Dispose();
        using DirectoryHandle folder = repository.Directory.OpenDirectory(Folder);
        string temporary = $".{layer}.{Path.GetRandomFileName()}";
        try
        {
            using (SafeFileHandle file = folder.CreateFile(temporary, 0x1A4))
            {
                files.WriteTo(file, places);
            }

            folder.Rename(temporary, folder, layer.ToString());
        }
        catch
        {
            folder.RemoveTree(temporary);
            throw;
        }

        AddAll(files);
    }

    /// <summary>Forgets layers that are no more.</summary>
    internal static void Prune(Repository repository, IReadOnlySet<string> layers)
    {
        using DirectoryHandle? folder = repository.Directory.TryOpenDirectory(Folder);
        foreach (DirectoryEntry entry in folder?.List() ?? [])
        {
            if (!layers.Contains(entry.Name))
            {
                folder!.RemoveTree(entry.Name);
            }
        }
    }

    private void WriteTo(SafeFileHandle file, int[] places)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new ArrayBufferWriter<byte>(BufferSize);
        foreach (int place in places)
        {
            (byte[] entries, FactHeaders headers) = _blocks[place >> PlaceBits];
            ReadOnlySpan<byte> entry = entries.AsSpan(OffsetOf(place), EntrySize);
            ReadOnlySpan<byte> header = headers.BytesAt(BinaryPrimitives.ReadInt32LittleEndian(entry[72..])).Span;
            if (buffer.FreeCapacity < EntrySize + header.Length)
            {
                Flush();
            }

            Span<byte> written = buffer.GetSpan(EntrySize + header.Length);
            entry.CopyTo(written);
            BinaryPrimitives.WriteInt32LittleEndian(written[72..], header.Length);
            header.CopyTo(written[EntrySize..]);
            BinaryPrimitives.WriteInt64BigEndian(written[EntrySize..], BinaryPrimitives.ReadInt64LittleEndian(entry[64..]));
            buffer.Advance(EntrySize + header.Length);
        }

        Flush();
        file.WriteFully(hash.GetHashAndReset());

        void Flush()
        {
            hash.AppendData(buffer.WrittenSpan);
            file.WriteFully(buffer.WrittenSpan);
            buffer.ResetWrittenCount();
        }
    }

    // Whether the file is whole; if not, what was read of it is worth nothing.
    private bool TryRead(SafeFileHandle file)
    {
        long rest = file.GetStatus().Size - Checksum.Size;
        if (rest < 0)
        {
            return false;
        }

        _entries.EnsureCapacity((int)(rest / TypicalSize));
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = new byte[Math.Min(BufferSize, rest)];
        int count = 0;
        while (rest > 0)
        {
            int read = file.ReadFully(buffer.AsSpan(count, (int)Math.Min(rest, buffer.Length - count)));
            if (read == 0)
            {
                return false;
            }

            hash.AppendData(buffer, count, read);
            rest -= read;
            count += read;
            int used = AddEntries(buffer.AsSpan(0, count));
            buffer.AsSpan(used, count - used).CopyTo(buffer);
            count -= used;
            if (count == buffer.Length && rest > 0)
            {
                Array.Resize(ref buffer, (int)Math.Min(2L * count, Array.MaxLength));
            }
        }

        Span<byte> written = stackalloc byte[Checksum.Size];
        return count == 0 && file.ReadFully(written) == written.Length && written.SequenceEqual(hash.GetHashAndReset());
    }

    // As many as are there whole. They may be anything yet.
    private int AddEntries(ReadOnlySpan<byte> bytes)
    {
        int used = 0;
        while (bytes.Length - used >= EntrySize)
        {
            ReadOnlySpan<byte> entry = bytes[used..];
            int length = BinaryPrimitives.ReadInt32LittleEndian(entry[72..]);
            if (length < FactHeaders.SizeOfSize || length > entry.Length - EntrySize)
            {
                break;
            }

            Span<byte> added = Reserve(out int place);
            entry[..72].CopyTo(added);
            BinaryPrimitives.WriteInt32LittleEndian(added[72..], _headers.Add(entry.Slice(EntrySize, length)));
            _entries.Add(place);
            used += EntrySize + length;
        }

        return used;
    }

    private ReadOnlySpan<byte> KeyAt(int place) => _blocks[place >> PlaceBits].Entries.AsSpan(OffsetOf(place), Checksum.Size);

    private static int OffsetOf(int place) => (place & ((1 << PlaceBits) - 1)) * EntrySize;

    private static int PlaceOf(int block, int entry) => checked(block * (1 << PlaceBits)) + entry;

    private Span<byte> Reserve(out int place)
    {
        if (_free == 0)
        {
            _free = _blocks.Count == 0 ? SmallestBlock : Math.Min(LargestBlock, 2 * (_blocks[^1].Entries.Length / EntrySize));
            _blocks.Add((new byte[_free * EntrySize], _headers));
        }

        byte[] entries = _blocks[^1].Entries;
        place = PlaceOf(_blocks.Count - 1, (entries.Length / EntrySize) - _free--);
        return entries.AsSpan(OffsetOf(place), EntrySize);
    }

    // The other ones' memory becomes part of this.
    private void AddAll(LayerFacts others)
    {
        lock (_gate)
        {
            int first = _blocks.Count;
            _blocks.AddRange(others._blocks);
            _free = 0;
            _entries.EnsureCapacity(_entries.Count + others._entries.Count);
            foreach (int place in others._entries)
            {
                _entries.Add(place + PlaceOf(first, 0));
            }
        }
    }

    private sealed class ByChecksum(LayerFacts facts) : IEqualityComparer<int>, IAlternateEqualityComparer<Checksum, int>
    {
        public bool Equals(int x, int y) => facts.KeyAt(x).SequenceEqual(facts.KeyAt(y));

        public int GetHashCode(int place) => MemoryMarshal.Read<int>(facts.KeyAt(place));

        public bool Equals(Checksum checksum, int place) => Checksum.AsSpan(in checksum).SequenceEqual(facts.KeyAt(place));

        public int GetHashCode(Checksum checksum) => MemoryMarshal.Read<int>(Checksum.AsSpan(in checksum));

        public int Create(Checksum checksum) => throw new NotSupportedException("a checksum alone is no entry");
    }
}
