// The fs-verity digests of a layer's files, kept beside the repository's objects so that they are not computed again.
using System.Security.Cryptography;
using Bootc.Composefs.FsVerity;
using Bootc.Linux;
using Bootc.Ostree;
using Bootc.Ostree.Objects;

namespace Bootc.Import;

/// <summary>
/// For each layer commit a file <c>extensions/bootc/verity/CHECKSUM</c>: object checksum and digest, 32 bytes each, in
/// order, and the SHA-256 of all that. libostree ignores it; when it is missing or damaged, digests are computed from the
/// files.
/// </summary>
internal static class DigestCache
{
    private const string Folder = "extensions/bootc/verity";
    private const int EntrySize = 64;

    public static void Write(Repository repository, Checksum layer, IEnumerable<KeyValuePair<Checksum, VerityDigest>> digests)
    {
        var content = new MemoryStream();
        foreach ((Checksum file, VerityDigest digest) in digests.OrderBy(entry => entry.Key))
        {
            content.Write(file.ToArray());
            content.Write(digest.ToArray());
        }

        byte[] bytes = [.. content.ToArray(), .. SHA256.HashData(content.ToArray())];
        repository.Directory.EnsureDirectory(Folder).Dispose();
        repository.Directory.WriteAllBytesAtomically($"{Folder}/{layer}", bytes, sync: false);
    }

    public static void Read(Repository repository, Checksum layer, IDictionary<Checksum, VerityDigest> digests)
    {
        byte[]? bytes = repository.Directory.TryReadAllBytes($"{Folder}/{layer}");
        if (bytes is null || bytes.Length % EntrySize != Checksum.Size || !SHA256.HashData(bytes.AsSpan(..^Checksum.Size)).AsSpan().SequenceEqual(bytes.AsSpan(^Checksum.Size..)))
        {
            return;
        }

        for (int i = 0; i + EntrySize <= bytes.Length; i += EntrySize)
        {
            digests[new Checksum(bytes.AsSpan(i, 32))] = new VerityDigest(bytes.AsSpan(i + 32, 32));
        }
    }

    /// <summary>Removes the files of layers that are no more.</summary>
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
}
