// The metadata of a layer's files, kept beside the repository's objects so that it need not be gathered again.
using System.Buffers.Binary;
using System.Security.Cryptography;
using Bootc.Composefs.FsVerity;
using Bootc.Linux;
using Bootc.Oci.Model;
using Bootc.Ostree;
using Bootc.Ostree.Objects;

namespace Bootc.Import;

/// <summary>
/// Remembers, for each layer commit, what its files are, in <c>extensions/bootc/facts/CHECKSUM</c>; libostree ignores it,
/// and where it is missing or damaged, the objects themselves are looked at. The file is, for each content object in order:
/// <code>
/// 0   object checksum, 32 bytes        64  size of the content, i64
/// 32  fs-verity digest or zeros        72  size of the header, u32, and the header of the object (archive form)
/// </code>
/// and at its end the SHA-256 of all that. Numbers are little-endian.
/// </summary>
public sealed class LayerFacts
{
    private const string Folder = "extensions/bootc/facts";
    private const int FixedSize = 76;
    private const int TypicalSize = 104; // of an entry

    private readonly Dictionary<Checksum, ReadOnlyMemory<byte>> _entries = [];
    private readonly Lock _gate = new();
    private Lazy<bool>? _load;

    /// <summary>What is known of a content object, or <see langword="null"/>; asked by several threads once all is added.</summary>
    public FileFacts? TryGet(Checksum file)
    {
        _ = _load?.Value;
        if (!_entries.TryGetValue(file, out ReadOnlyMemory<byte> memory))
        {
            return null;
        }

        ReadOnlySpan<byte> entry = memory.Span;
        FileHeader header = FileHeader.ParseArchiveHeader(memory[FixedSize..]).Header;
        bool hasVerity = entry.Slice(32, 32).ContainsAnyExcept((byte)0);
        return new FileFacts(header, BinaryPrimitives.ReadInt64LittleEndian(entry[64..]), hasVerity ? new VerityDigest(entry.Slice(32, 32)) : null);
    }

    /// <summary>What is known of the files of an image's layers; read when it is first asked for.</summary>
    public static LayerFacts Load(Repository repository, StoredImage image)
    {
        var facts = new LayerFacts();
        facts._load = new Lazy<bool>(() => facts.ReadLayers(repository, image));
        return facts;
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
            Add(bytes.AsMemory(..^Checksum.Size));
        }
    }

    /// <summary>Adds what the files of a layer are, and remembers it.</summary>
    internal void Write(Repository repository, Checksum layer, IReadOnlyDictionary<Checksum, FileFacts> files)
    {
        using var content = new MemoryStream(files.Count * TypicalSize);
        Span<byte> entry = stackalloc byte[FixedSize];
        foreach ((Checksum file, FileFacts facts) in files.OrderBy(fact => fact.Key))
        {
            ReadOnlySpan<byte> header = facts.Header.SerializeForArchive(facts.Size).AsSpan(8);
            entry.Clear();
            file.CopyTo(entry);
            facts.Verity?.CopyTo(entry[32..]);
            BinaryPrimitives.WriteInt64LittleEndian(entry[64..], facts.Size);
            BinaryPrimitives.WriteInt32LittleEndian(entry[72..], header.Length);
            content.Write(entry);
            content.Write(header);
        }

        ReadOnlyMemory<byte> entries = content.GetBuffer().AsMemory(0, (int)content.Length);
        content.Write(SHA256.HashData(entries.Span));
        repository.Directory.EnsureDirectory(Folder).Dispose();
        repository.Directory.WriteAllBytesAtomically($"{Folder}/{layer}", content.GetBuffer().AsSpan(0, (int)content.Length), sync: false);
        Add(entries);
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

    // Entries stay as they are read; most files are asked for once or twice.
    private void Add(ReadOnlyMemory<byte> entries)
    {
        lock (_gate)
        {
            _entries.EnsureCapacity(_entries.Count + (entries.Length / TypicalSize));
            while (!entries.IsEmpty)
            {
                int size = FixedSize + BinaryPrimitives.ReadInt32LittleEndian(entries.Span[72..]);
                _entries.TryAdd(new Checksum(entries.Span[..Checksum.Size]), entries[..size]);
                entries = entries[size..];
            }
        }
    }
}
