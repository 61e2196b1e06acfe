// The metadata of a layer's files, kept beside the repository's objects so that it need not be gathered again.
using System.Buffers.Binary;
using System.Collections.Concurrent;
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

    private readonly ConcurrentDictionary<Checksum, FileFacts> _facts = new();

    /// <summary>What is known of a content object, or <see langword="null"/>.</summary>
    public FileFacts? TryGet(Checksum file) => _facts.GetValueOrDefault(file);

    /// <summary>Remembers what a content object is.</summary>
    internal void Add(Checksum file, FileFacts facts) => _facts.TryAdd(file, facts);

    /// <summary>What is known of the files of an image's layers.</summary>
    public static LayerFacts Load(Repository repository, StoredImage image)
    {
        var facts = new LayerFacts();
        foreach (Descriptor layer in image.Manifest.Layers)
        {
            if (repository.TryResolveRef(ImageStore.RefOf(layer.Digest)) is { } commit)
            {
                facts.Read(repository, commit);
            }
        }

        return facts;
    }

    /// <summary>Adds all that others know.</summary>
    internal void AddAll(LayerFacts others)
    {
        foreach ((Checksum file, FileFacts facts) in others._facts)
        {
            Add(file, facts);
        }
    }

    /// <summary>Adds what is remembered of a layer, if anything.</summary>
    internal void Read(Repository repository, Checksum layer)
    {
        byte[]? bytes = repository.Directory.TryReadAllBytes($"{Folder}/{layer}");
        if (bytes is null || bytes.Length < Checksum.Size || !SHA256.HashData(bytes.AsSpan(..^Checksum.Size)).AsSpan().SequenceEqual(bytes.AsSpan(^Checksum.Size..)))
        {
            return;
        }

        ReadOnlyMemory<byte> rest = bytes.AsMemory(..^Checksum.Size);
        while (!rest.IsEmpty)
        {
            ReadOnlySpan<byte> entry = rest.Span;
            int headerSize = BinaryPrimitives.ReadInt32LittleEndian(entry[72..]);
            FileHeader header = FileHeader.ParseArchiveHeader(rest.Slice(FixedSize, headerSize)).Header;
            bool hasVerity = entry.Slice(32, 32).ContainsAnyExcept((byte)0);
            Add(new Checksum(entry[..32]), new FileFacts(header, BinaryPrimitives.ReadInt64LittleEndian(entry[64..]), hasVerity ? new VerityDigest(entry.Slice(32, 32)) : null));
            rest = rest[(FixedSize + headerSize)..];
        }
    }

    /// <summary>Remembers all of this as that of a layer.</summary>
    internal void Write(Repository repository, Checksum layer)
    {
        using var content = new MemoryStream();
        Span<byte> entry = stackalloc byte[FixedSize];
        foreach ((Checksum file, FileFacts facts) in _facts.OrderBy(fact => fact.Key))
        {
            byte[] header = facts.Header.SerializeForArchive(facts.Size)[8..];
            entry.Clear();
            file.CopyTo(entry);
            facts.Verity?.CopyTo(entry[32..]);
            BinaryPrimitives.WriteInt64LittleEndian(entry[64..], facts.Size);
            BinaryPrimitives.WriteInt32LittleEndian(entry[72..], header.Length);
            content.Write(entry);
            content.Write(header);
        }

        content.Write(SHA256.HashData(content.GetBuffer().AsSpan(0, (int)content.Length)));
        repository.Directory.EnsureDirectory(Folder).Dispose();
        repository.Directory.WriteAllBytesAtomically($"{Folder}/{layer}", content.GetBuffer().AsSpan(0, (int)content.Length), sync: false);
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
}
