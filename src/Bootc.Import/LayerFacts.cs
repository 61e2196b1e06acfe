// The metadata of a layer's files, kept beside the repository's objects so that it need not be gathered again.
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
/// and at its end the SHA-256 of all that. Numbers are little-endian. In memory they are the same bytes, since there are as many
/// of them as the image has files, and most are asked for once or twice.
/// </summary>
public sealed class LayerFacts
{
    private const string Folder = "extensions/bootc/facts";
    private const int FixedSize = 76;
    private const int TypicalSize = 104; // of an entry
    private const int SmallestBlock = 4 * 1024;
    private const int LargestBlock = 64 * 1024;

    private readonly List<byte[]> _blocks = []; // of entries one after the other
    private readonly HashSet<long> _entries; // by their places: which block, and where in it
    private readonly HashSet<long>.AlternateLookup<Checksum> _byChecksum;
    private readonly Lock _gate = new();
    private int _used; // of the last block
    private Lazy<bool>? _load;
    private volatile Tuple<ReadOnlyMemory<byte>, FileHeader>? _lastHeader; // most files have the one that others have as well

    /// <summary>Nothing is known yet.</summary>
    public LayerFacts()
    {
        _entries = new HashSet<long>(new ByChecksum(this));
        _byChecksum = _entries.GetAlternateLookup<Checksum>();
    }

    /// <summary>What is known of a content object, or <see langword="null"/>; asked by several threads once all is added.</summary>
    public FileFacts? TryGet(Checksum file)
    {
        _ = _load?.Value;
        if (!_byChecksum.TryGetValue(file, out long place))
        {
            return null;
        }

        ReadOnlyMemory<byte> memory = EntryAt(place);
        ReadOnlySpan<byte> entry = memory.Span;
        bool hasVerity = entry.Slice(32, 32).ContainsAnyExcept((byte)0);
        return new FileFacts(ReadHeader(memory[FixedSize..]), BinaryPrimitives.ReadInt64LittleEndian(entry[64..]), hasVerity ? new VerityDigest(entry.Slice(32, 32)) : null);
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

            Span<byte> entry = Reserve(FixedSize + header.Length, out long place);
            file.CopyTo(entry);
            facts.Verity?.CopyTo(entry[32..]);
            BinaryPrimitives.WriteInt64LittleEndian(entry[64..], facts.Size);
            BinaryPrimitives.WriteInt32LittleEndian(entry[72..], header.Length);
            header.CopyTo(entry[FixedSize..]);
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
        byte[]? bytes = repository.Directory.TryReadAllBytes($"{Folder}/{layer}");
        if (bytes?.Length >= Checksum.Size && SHA256.HashData(bytes.AsSpan(..^Checksum.Size)).AsSpan().SequenceEqual(bytes.AsSpan(^Checksum.Size..)))
        {
            AddBlock(bytes, bytes.Length - Checksum.Size);
        }
    }

    /// <summary>Adds what the files of a layer are, and remembers it.</summary>
    internal void Write(Repository repository, Checksum layer, LayerFacts files)
    {
        long[] places = [.. files._entries];
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

    private void WriteTo(SafeFileHandle file, long[] places)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var buffered = new BufferedStream(new UnownedFileStream(file), LargestBlock);
        foreach (long place in places)
        {
            ReadOnlySpan<byte> entry = EntryAt(place).Span;
            hash.AppendData(entry);
            buffered.Write(entry);
        }

        buffered.Write(hash.GetHashAndReset());
    }

    private ReadOnlyMemory<byte> EntryAt(long place)
    {
        ReadOnlyMemory<byte> rest = _blocks[(int)(place >> 32)].AsMemory((int)place);
        return rest[..SizeOf(rest.Span)];
    }

    private ReadOnlySpan<byte> KeyAt(long place) => _blocks[(int)(place >> 32)].AsSpan((int)place, Checksum.Size);

    private static int SizeOf(ReadOnlySpan<byte> entry) => FixedSize + BinaryPrimitives.ReadInt32LittleEndian(entry[72..]);

    private static long PlaceOf(int block, int offset) => ((long)block << 32) | (uint)offset;

    private FileHeader ReadHeader(ReadOnlyMemory<byte> bytes)
    {
        ReadOnlyMemory<byte> rest = bytes[sizeof(long)..]; // the size comes first
        if (_lastHeader is { } last && last.Item1.Span.SequenceEqual(rest.Span))
        {
            return last.Item2;
        }

        FileHeader header = FileHeader.ParseArchiveHeader(bytes).Header;
        if (!header.IsSymbolicLink)
        {
            _lastHeader = new(rest, header);
        }

        return header;
    }

    private Span<byte> Reserve(int size, out long place)
    {
        if (_blocks.Count == 0 || _blocks[^1].Length - _used < size)
        {
            int typical = _blocks.Count == 0 ? SmallestBlock : Math.Min(LargestBlock, 2 * _blocks[^1].Length);
            _blocks.Add(new byte[Math.Max(size, typical)]);
            _used = 0;
        }

        place = PlaceOf(_blocks.Count - 1, _used);
        _used += size;
        return _blocks[^1].AsSpan(_used - size, size);
    }

    private void AddBlock(byte[] block, int length)
    {
        lock (_gate)
        {
            _blocks.Add(block);
            _used = block.Length;
            _entries.EnsureCapacity(_entries.Count + (length / TypicalSize));
            for (int offset = 0; offset < length; offset += SizeOf(block.AsSpan(offset)))
            {
                _entries.Add(PlaceOf(_blocks.Count - 1, offset));
            }
        }
    }

    // The other ones' memory becomes part of this.
    private void AddAll(LayerFacts others)
    {
        lock (_gate)
        {
            int first = _blocks.Count;
            _blocks.AddRange(others._blocks);
            _used = _blocks.Count == 0 ? 0 : _blocks[^1].Length;
            _entries.EnsureCapacity(_entries.Count + others._entries.Count);
            foreach (long place in others._entries)
            {
                _entries.Add(place + PlaceOf(first, 0));
            }
        }
    }

    private sealed class ByChecksum(LayerFacts facts) : IEqualityComparer<long>, IAlternateEqualityComparer<Checksum, long>
    {
        public bool Equals(long x, long y) => facts.KeyAt(x).SequenceEqual(facts.KeyAt(y));

        public int GetHashCode(long place) => MemoryMarshal.Read<int>(facts.KeyAt(place));

        public bool Equals(Checksum checksum, long place) => Checksum.AsSpan(in checksum).SequenceEqual(facts.KeyAt(place));

        public int GetHashCode(Checksum checksum) => MemoryMarshal.Read<int>(Checksum.AsSpan(in checksum));

        public long Create(Checksum checksum) => throw new NotSupportedException("a checksum alone is no entry");
    }
}
