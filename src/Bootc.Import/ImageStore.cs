// The images that a repository has, kept as ostree-ext keeps them.
using System.Text;
using Bootc.Import.Chunked;
using Bootc.Oci;
using Bootc.Oci.Model;
using Bootc.Ostree;
using Bootc.Ostree.GVariant;
using Bootc.Ostree.Objects;

namespace Bootc.Import;

/// <summary>
/// Images in an ostree repository: a commit for each layer under <c>ostree/container/blob/</c>, a merge commit for each image
/// under <c>ostree/container/image/</c> with manifest and configuration in its metadata, and what deployments are made of
/// under <c>ostree/container/baseimage/</c> (bootc-dev/bootc, crates/ostree-ext/src/container/store.rs).
/// </summary>
public static class ImageStore
{
    internal const string LayerPrefix = "ostree/container/blob";
    internal const string ImagePrefix = "ostree/container/image";

    /// <summary>The refs that protect what deployments are made of.</summary>
    public const string BaseImagePrefix = "ostree/container/baseimage";

    /// <summary>The key in the metadata of a commit that was derived of an image's, with that one's checksum as text.</summary>
    public const string BaseCommitKey = "bootc.base-commit";

    internal const string ManifestDigestKey = "ostree.manifest-digest";
    internal const string ManifestKey = "ostree.manifest";
    internal const string ConfigKey = "ostree.container.image-config";
    internal const string ImporterVersionKey = "ostree.importer.version";
    internal const string ImpliedDirectoriesKey = "bootc.implied-directories";
    internal const string DiffIdKey = "bootc.diff-id";
    internal const string WhiteoutsKey = "bootc.whiteouts";

    /// <summary>The key in a layer's metadata with the digest of the SELinux policy by which its files are labelled.</summary>
    internal const string PolicyKey = "bootc.selinux-policy";

    private const string CachedDigestKey = "ostree-ext.cached.manifest-digest";
    private const string CachedManifestKey = "ostree-ext.cached.manifest";
    private const string CachedConfigKey = "ostree-ext.cached.config";

    /// <summary>The image that a repository has under a reference, or <see langword="null"/>.</summary>
    public static StoredImage? QueryImage(Repository repository, ImageReference reference) =>
        repository.TryResolveRef(RefOf(reference)) is { } commit ? QueryCommit(repository, commit) : null;

    /// <summary>The commit that another one was derived of; the commit itself where it was derived of none.</summary>
    public static Checksum BaseOf(Repository repository, Checksum commit) => TryReadBase(repository.LoadCommit(commit).Metadata) ?? commit;

    /// <summary>The image whose merge commit this is, or from whose merge commit it was derived; <see langword="null"/> for a commit of another kind.</summary>
    /// <exception cref="ImportException">Its metadata is malformed.</exception>
    public static StoredImage? QueryCommit(Repository repository, Checksum commit)
    {
        if (TryFindImage(repository, commit) is not var (image, metadata, digest))
        {
            return null;
        }

        string what = $"commit {image}";
        return new StoredImage(
            image,
            ParseDigest(digest, what),
            ImageManifest.Parse(Required(metadata, ManifestKey, what), what),
            ImageConfig.Parse(Required(metadata, ConfigKey, what), what),
            ReadCachedUpdate(repository, commit));
    }

    /// <summary>As <see cref="QueryCommit"/>, of what is shown of an image alone, which takes a part of the time.</summary>
    /// <exception cref="ImportException">Its metadata is malformed.</exception>
    /// <exception cref="ManifestException">Its manifest or its configuration is.</exception>
    public static ImageSummary? SummarizeCommit(Repository repository, Checksum commit)
    {
        if (TryFindImage(repository, commit) is not var (image, metadata, digest))
        {
            return null;
        }

        string what = $"commit {image}";
        ImageSummary? update = null;
        if (TryFindCachedUpdate(repository, commit, out string updateOf) is var (cached, cachedDigest))
        {
            update = ImageSummary.Read(
                ParseDigest(cachedDigest, updateOf), Required(cached, CachedManifestKey, updateOf), Required(cached, CachedConfigKey, updateOf), updateOf);
        }

        return ImageSummary.Read(ParseDigest(digest, what), Required(metadata, ManifestKey, what), Required(metadata, ConfigKey, what), what, update);
    }

    /// <summary>The diff-id that a layer had when it was imported; <see langword="null"/> where the importer was not ours, which fetches blobs whole.</summary>
    internal static string? TryReadDiffId(Repository repository, Checksum layer) => repository.LoadCommit(layer).Metadata.TryGetString(DiffIdKey);

    /// <summary>The references of all images that a repository has.</summary>
    public static IReadOnlyList<ImageReference> ListImages(Repository repository)
    {
        var images = new List<ImageReference>();
        foreach ((string name, _) in repository.ListRefs(ImagePrefix))
        {
            images.Add(ImageReference.Parse(RefEscape.Unescape(name[(ImagePrefix.Length + 1)..])));
        }

        return images;
    }

    /// <summary>Forgets an image; its layers stay until <see cref="PruneLayers"/>.</summary>
    /// <returns>Whether there was one.</returns>
    public static bool RemoveImage(Repository repository, ImageReference reference)
    {
        string name = RefOf(reference);
        bool existed = repository.TryResolveRef(name) is not null;
        repository.SetRef(name, null);
        return existed;
    }

    /// <summary>Makes a reference stand again for what it stood for before an import: another image, or none.</summary>
    public static void Revert(Repository repository, PreparedImport import) => repository.SetRef(RefOf(import.Reference), import.Previous?.MergeCommit);

    /// <summary>Drops the refs of layers that neither an image nor a deployment needs.</summary>
    /// <returns>How many were dropped.</returns>
    public static int PruneLayers(Repository repository)
    {
        var needed = new HashSet<string>();
        IEnumerable<Checksum> commits = ((string[])[ImagePrefix, BaseImagePrefix, "ostree/0", "ostree/1", "rpmostree/base"])
            .SelectMany(prefix => repository.ListRefs(prefix))
            .Select(entry => entry.Value)
            .Distinct();
        foreach (Checksum commit in commits)
        {
            foreach (Descriptor layer in QueryCommit(repository, commit)?.Manifest.Layers ?? [])
            {
                needed.Add(RefOf(layer.Digest));
            }
        }

        int dropped = 0;
        var kept = new HashSet<string>();
        foreach ((string name, Checksum commit) in repository.ListRefs(LayerPrefix))
        {
            if (needed.Contains(name))
            {
                kept.Add(commit.ToString());
                continue;
            }

            repository.SetRef(name, null);
            dropped++;
        }

        LayerFacts.Prune(repository, kept);
        ContentIndex.Prune(repository, kept);
        return dropped;
    }

    /// <summary>Remembers a newer image with the one that is there, for <c>status</c> to show.</summary>
    public static void CacheUpdate(Repository repository, Checksum commit, PreparedImport update)
    {
        VariantDictionary metadata = repository.LoadDetachedMetadata(commit) ?? [];
        metadata.Set(CachedDigestKey, GVariantValue.FromString(update.Manifest.Digest.ToString()));
        metadata.Set(CachedManifestKey, GVariantValue.FromString(CanonicalJson.Write(update.Manifest.Bytes)));
        metadata.Set(CachedConfigKey, GVariantValue.FromString(CanonicalJson.Write(update.ConfigBytes)));
        repository.WriteDetachedMetadata(commit, metadata);
    }

    /// <summary>Forgets a newer image that was remembered.</summary>
    public static void ClearCachedUpdate(Repository repository, Checksum commit)
    {
        if (repository.LoadDetachedMetadata(commit) is not { } metadata || !metadata.Remove(CachedDigestKey))
        {
            return;
        }

        metadata.Remove(CachedManifestKey);
        metadata.Remove(CachedConfigKey);
        repository.WriteDetachedMetadata(commit, metadata.Count == 0 ? null : metadata);
    }

    internal static string RefOf(ImageReference reference) => $"{ImagePrefix}/{RefEscape.Escape(reference.ToString())}";

    internal static string RefOf(Digest layer) => $"{LayerPrefix}/{RefEscape.Escape(layer.ToString())}";

    private static (Checksum Image, VariantDictionary Metadata, string Digest)? TryFindImage(Repository repository, Checksum commit)
    {
        Checksum image = commit;
        VariantDictionary metadata = repository.LoadCommit(commit).Metadata;
        if (TryReadBase(metadata) is { } derivedOf)
        {
            image = derivedOf;
            metadata = repository.LoadCommit(image).Metadata;
        }

        return metadata.TryGetString(ManifestDigestKey) is { } digest ? (image, metadata, digest) : null;
    }

    private static CachedUpdate? ReadCachedUpdate(Repository repository, Checksum commit) =>
        TryFindCachedUpdate(repository, commit, out string what) is var (metadata, digest)
            ? new CachedUpdate(
                ParseDigest(digest, what),
                ImageManifest.Parse(Required(metadata, CachedManifestKey, what), what),
                ImageConfig.Parse(Required(metadata, CachedConfigKey, what), what))
            : null;

    private static (VariantDictionary Metadata, string Digest)? TryFindCachedUpdate(Repository repository, Checksum commit, out string what)
    {
        what = $"the update remembered with commit {commit}";
        return repository.LoadDetachedMetadata(commit) is { } metadata && metadata.TryGetString(CachedDigestKey) is { } digest ? (metadata, digest) : null;
    }

    private static byte[] Required(VariantDictionary metadata, string key, string what) =>
        Encoding.UTF8.GetBytes(metadata.TryGetString(key) ?? throw new ImportException($"{what} has no metadata '{key}'"));

    private static Checksum? TryReadBase(VariantDictionary metadata) =>
        metadata.TryGetString(BaseCommitKey) is { } text && Checksum.TryParse(text, out Checksum image) ? image : null;

    private static Digest ParseDigest(string text, string what) =>
        Digest.TryParse(text, out Digest digest) ? digest : throw new ImportException($"{what} has the malformed manifest digest '{text}'");
}
