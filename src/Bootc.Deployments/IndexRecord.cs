// Which image of an index is this host's, for those that were asked for before.
using System.Text;
using Bootc.Linux;
using Bootc.Oci.Model;

namespace Bootc.Deployments;

/// <summary>The record <c>ostree/bootc/manifests</c> of a sysroot: lines of the digest of an index, or of a manifest alone, a space, and the digest of the manifest for the host's platform.</summary>
/// <remarks>A digest stands for the same content for ever, so what is recorded is never outdated. It saves requests, and may be lost.</remarks>
public sealed class IndexRecord
{
    private const string Folder = "ostree/bootc";
    private const string Name = "manifests";

    private readonly DirectoryHandle _sysroot;
    private Dictionary<Digest, Digest> _manifests;

    private IndexRecord(DirectoryHandle sysroot, Dictionary<Digest, Digest> manifests)
    {
        _sysroot = sysroot;
        _manifests = manifests;
    }

    /// <summary>What is recorded: the digests of manifests by those of their indices, or their own.</summary>
    public IReadOnlyDictionary<Digest, Digest> Manifests => _manifests;

    /// <summary>Reads the record. Lines that are malformed count as not there.</summary>
    public static IndexRecord Load(Sysroot sysroot)
    {
        var manifests = new Dictionary<Digest, Digest>();
        foreach (string line in (sysroot.Root.TryReadAllText($"{Folder}/{Name}") ?? "").Split('\n'))
        {
            if (line.Split(' ') is [var left, var right] && Digest.TryParse(left, out Digest index) && Digest.TryParse(right, out Digest manifest))
            {
                manifests[index] = manifest;
            }
        }

        return new IndexRecord(sysroot.Root, manifests);
    }

    /// <summary>Replaces what is recorded; where that cannot be written, it stays as it was on the disk.</summary>
    public void TrySave(IReadOnlyDictionary<Digest, Digest> manifests)
    {
        if (manifests.Count == _manifests.Count && manifests.All(pair => _manifests.TryGetValue(pair.Key, out Digest manifest) && manifest == pair.Value))
        {
            return;
        }

        _manifests = new Dictionary<Digest, Digest>(manifests);
        var lines = new StringBuilder();
        foreach ((Digest index, Digest manifest) in manifests)
        {
            lines.Append(index).Append(' ').Append(manifest).Append('\n');
        }

        try
        {
            using DirectoryHandle folder = _sysroot.EnsureDirectory(Folder);
            folder.WriteAllBytesAtomically(Name, Encoding.UTF8.GetBytes(lines.ToString()));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A disk that is full is no reason not to know where the host stands.
        }
    }
}
