// Which object has which content: object checksums cover owner and mode, digests of tables of contents do not.
using System.Buffers.Binary;
using System.Security.Cryptography;
using Bootc.Linux;
using Bootc.Oci.Layers.Chunked;
using Bootc.Ostree;
using Bootc.Ostree.Objects;

namespace Bootc.Import.Chunked;

/// <summary>
/// Remembers, for each layer that came with a table of contents, where the contents that the table names are, in
/// <c>extensions/bootc/contents/CHECKSUM</c> of its commit; libostree ignores it. It lives as long as the layer does, whose
/// commit keeps the objects. What it says is taken as a hint: all that is read by it is checked. The file is, for each content
/// in the order of the digests:
/// <code>
/// 0   digest, 32 bytes             64  where in the object the content starts, i64
/// 32  object checksum, 32 bytes    72  the size of the content, i64
/// </code>
/// and at its end the SHA-256 of all that. Numbers are little-endian.
/// </summary>
internal sealed class ContentIndex
{
    private const string Folder = "extensions/bootc/contents";
    private const int EntrySize = 80;

    private readonly List<(Checksum Layer, byte[] Entries)> _layers = [];

    /// <summary>The layers that are remembered.</summary>
    public IEnumerable<Checksum> Layers => _layers.Select(layer => layer.Layer);

    /// <summary>Reads what is remembered of the layers that are still there.</summary>
    public static ContentIndex Load(Repository repository)
    {
        var index = new ContentIndex();
        using DirectoryHandle? folder = repository.Directory.TryOpenDirectory(Folder);
        foreach (DirectoryEntry entry in folder?.List() ?? [])
        {
            if (Checksum.TryParse(entry.Name, out Checksum layer)
                && repository.HasObject(new(layer, ObjectType.Commit))
                && TryRead(folder!, entry.Name) is { } entries)
            {
                index._layers.Add((layer, entries));
            }
        }

        return index;
    }

    /// <summary>Whether it is remembered where the content of a digest is.</summary>
    public bool Contains(ContentDigest digest)
    {
        foreach ((_, byte[] entries) in _layers)
        {
            int i = FindFirst(entries, digest);
            if (i < CountOf(entries) && DigestAt(entries, i) == digest)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Where content of a digest and a size is, if that is remembered.</summary>
    public ContentPlace? TryFind(ContentDigest digest, long size)
    {
        foreach ((_, byte[] entries) in _layers)
        {
            for (int i = FindFirst(entries, digest); i < CountOf(entries) && DigestAt(entries, i) == digest; i++)
            {
                if (PlaceAt(entries, i) is { } place && place.Size == size)
                {
                    return place;
                }
            }
        }

        return null;
    }

    /// <summary>Where the content of a digest is, as far as is remembered.</summary>
    public IEnumerable<ContentPlace> Find(ContentDigest digest)
    {
        foreach ((_, byte[] entries) in _layers)
        {
            for (int i = FindFirst(entries, digest); i < CountOf(entries) && DigestAt(entries, i) == digest; i++)
            {
                yield return PlaceAt(entries, i);
            }
        }
    }

    /// <summary>Remembers the contents of a layer.</summary>
    /// <param name="repository">The repository.</param>
    /// <param name="layer">The layer's commit.</param>
    /// <param name="files">The files of its table of contents.</param>
    /// <param name="objects">The objects of its files, by the names that they have in the tar stream.</param>
    public static void Write(Repository repository, Checksum layer, IEnumerable<TocFile> files, IReadOnlyDictionary<string, LayerFile> objects)
    {
        var contents = new List<(ContentDigest Digest, ContentPlace Place)>(objects.Count);
        foreach (TocFile file in files)
        {
            if (!objects.TryGetValue(file.Name, out LayerFile? written))
            {
                continue;
            }

            contents.Add((file.Digest, new ContentPlace(written.Checksum, 0, file.Size)));
            for (int i = 0; i < file.Chunks.Count && file.Chunks.Count > 1; i++)
            {
                TocChunk chunk = file.Chunks[i];
                if (!chunk.IsZeros)
                {
                    contents.Add((chunk.Digest, new ContentPlace(written.Checksum, chunk.Offset, chunk.Size)));
                }
            }
        }

        byte[] bytes = new byte[(contents.Count * EntrySize) + Checksum.Size];
        Span<byte> rest = bytes;
        foreach (int i in Order(contents))
        {
            (ContentDigest digest, ContentPlace place) = contents[i];
            ContentDigest.AsSpan(in digest).CopyTo(rest);
            place.Object.CopyTo(rest[32..]);
            BinaryPrimitives.WriteInt64LittleEndian(rest[64..], place.Offset);
            BinaryPrimitives.WriteInt64LittleEndian(rest[72..], place.Size);
            rest = rest[EntrySize..];
        }

        SHA256.HashData(bytes.AsSpan(..^Checksum.Size), rest);
        repository.Directory.EnsureDirectory(Folder).Dispose();
        repository.Directory.WriteAllBytesAtomically($"{Folder}/{layer}", bytes, sync: false);
    }

    /// <summary>Remembers of a layer what was remembered of the one that it stands for, some of whose objects are others now.</summary>
    public static void Carry(Repository repository, Checksum from, Checksum to, IReadOnlyDictionary<Checksum, Checksum> renamed)
    {
        using DirectoryHandle? folder = repository.Directory.TryOpenDirectory(Folder);
        if (folder is null || TryRead(folder, from.ToString()) is not { } bytes)
        {
            return;
        }

        for (int i = 0; i < CountOf(bytes); i++)
        {
            if (renamed.TryGetValue(PlaceAt(bytes, i).Object, out Checksum now))
            {
                now.CopyTo(bytes.AsSpan((i * EntrySize) + 32));
            }
        }

        SHA256.HashData(bytes.AsSpan(..^Checksum.Size), bytes.AsSpan(^Checksum.Size..));
        folder.WriteAllBytesAtomically(to.ToString(), bytes, sync: false);
    }

    /// <summary>Forgets all, when something that was read by it was not what it should be.</summary>
    public static void Forget(Repository repository) => Prune(repository, new HashSet<string>());

    /// <summary>Forgets all layers but some.</summary>
    public static void Prune(Repository repository, IReadOnlySet<string> layers)
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

    private static byte[]? TryRead(DirectoryHandle folder, string name) =>
        folder.TryReadAllBytes(name) is { } bytes
        && bytes.Length % EntrySize == Checksum.Size
        && SHA256.HashData(bytes.AsSpan(..^Checksum.Size)).AsSpan().SequenceEqual(bytes.AsSpan(^Checksum.Size..))
            ? bytes
            : null;

    // By how the digests begin, which decides of all but the same content.
    private static int[] Order(List<(ContentDigest Digest, ContentPlace Place)> contents)
    {
        var beginnings = new ulong[contents.Count];
        var order = new int[contents.Count];
        for (int i = 0; i < order.Length; i++)
        {
            ContentDigest digest = contents[i].Digest;
            beginnings[i] = BeginningOf(ContentDigest.AsSpan(in digest));
            order[i] = i;
        }

        Array.Sort(beginnings, order);
        for (int i = 0, end; i < order.Length; i = end)
        {
            for (end = i + 1; end < order.Length && beginnings[end] == beginnings[i]; end++)
            {
            }

            if (end - i > 1)
            {
                order.AsSpan(i, end - i).Sort((a, b) => Compare(contents[a], contents[b]));
            }
        }

        return order;
    }

    private static ulong BeginningOf(ReadOnlySpan<byte> digest) => BinaryPrimitives.ReadUInt64BigEndian(digest);

    private static int Compare((ContentDigest Digest, ContentPlace Place) a, (ContentDigest Digest, ContentPlace Place) b)
    {
        int order = a.Digest.CompareTo(b.Digest);
        order = order != 0 ? order : a.Place.Offset.CompareTo(b.Place.Offset); // whole files first
        return order != 0 ? order : a.Place.Object.CompareTo(b.Place.Object);
    }

    private static int CountOf(byte[] entries) => entries.Length / EntrySize;

    private static ContentDigest DigestAt(byte[] entries, int i) => new(entries.AsSpan(i * EntrySize, ContentDigest.Size));

    private static ContentPlace PlaceAt(byte[] entries, int i)
    {
        ReadOnlySpan<byte> entry = entries.AsSpan(i * EntrySize, EntrySize);
        return new ContentPlace(
            new Checksum(entry.Slice(32, Checksum.Size)), BinaryPrimitives.ReadInt64LittleEndian(entry[64..]), BinaryPrimitives.ReadInt64LittleEndian(entry[72..]));
    }

    private static int FindFirst(byte[] entries, ContentDigest digest)
    {
        ulong beginning = BeginningOf(ContentDigest.AsSpan(in digest));
        int low = 0;
        int high = CountOf(entries);
        while (low < high)
        {
            int middle = (low + high) / 2;
            ulong other = BeginningOf(entries.AsSpan(middle * EntrySize));
            if (other < beginning || (other == beginning && DigestAt(entries, middle).CompareTo(digest) < 0))
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }
}
