// The fs-verity digests of an image's files, as remembered with its layers.
using Bootc.Composefs.FsVerity;
using Bootc.Oci.Model;
using Bootc.Ostree;
using Bootc.Ostree.Objects;

namespace Bootc.Import;

/// <summary>Looks up digests of files that were computed when layers were imported, so that no content is read again.</summary>
public static class LayerDigests
{
    /// <summary>The digests that are remembered for the layers of an image; perhaps not those of all its files.</summary>
    public static IReadOnlyDictionary<Checksum, VerityDigest> Load(Repository repository, StoredImage image)
    {
        var digests = new Dictionary<Checksum, VerityDigest>();
        foreach (Descriptor layer in image.Manifest.Layers)
        {
            if (repository.TryResolveRef(ImageStore.RefOf(layer.Digest)) is { } commit)
            {
                DigestCache.Read(repository, commit, digests);
            }
        }

        return digests;
    }
}
