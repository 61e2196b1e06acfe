// Which layers of an image hold an ostree commit, and which lie on top of it.
using Bootc.Oci.Model;
using Bootc.Ostree;
using Bootc.Ostree.GVariant;
using Bootc.Ostree.Objects;

namespace Bootc.Import;

/// <summary>
/// The layout of encapsulated images (format 1 of ostree-ext): the lowest layer has the commit, further ones up to that of
/// the label <c>ostree.final-diffid</c> have objects of it, and those above are layers of files.
/// </summary>
internal sealed class OstreeLayout
{
    public const string FinalDiffIdLabel = "ostree.final-diffid";
    public const string CommitLabel = "ostree.commit";

    private OstreeLayout(LayerKind[] kinds, Checksum? commit)
    {
        Kinds = kinds;
        Commit = commit;
    }

    /// <summary>What each layer holds.</summary>
    public IReadOnlyList<LayerKind> Kinds { get; }

    /// <summary>The commit that the image says it holds, if it says so.</summary>
    public Checksum? Commit { get; }

    /// <summary>Reads the layout from an image's labels.</summary>
    /// <param name="manifest">The manifest.</param>
    /// <param name="config">The configuration, with as many diff-ids as the manifest has layers.</param>
    /// <param name="what">The image's name in errors.</param>
    /// <exception cref="ImportException">The labels do not fit the layers.</exception>
    public static OstreeLayout Read(ImageManifest manifest, ImageConfig config, string what)
    {
        var kinds = new LayerKind[manifest.Layers.Length];
        if (!config.Labels.TryGetValue(FinalDiffIdLabel, out string? final))
        {
            return new OstreeLayout(kinds, null);
        }

        int last = Array.FindIndex(config.RootFs.DiffIds, diffId => diffId.ToString() == final);
        if (last < 0)
        {
            throw new ImportException($"{what} has no layer with the diff-id {final} that its label {FinalDiffIdLabel} names: were its layers squashed?");
        }

        kinds.AsSpan(0, last + 1).Fill(LayerKind.OstreeObjects);
        kinds[0] = LayerKind.OstreeCommit;
        RequireOneKind(manifest, kinds, what);
        Checksum? commit = null;
        if (config.Labels.TryGetValue(CommitLabel, out string? text))
        {
            commit = Checksum.TryParse(text, out Checksum checksum) ? checksum : throw new ImportException($"the label {CommitLabel} of {what} is '{text}' and not a checksum");
        }

        return new OstreeLayout(kinds, commit);
    }

    /// <summary>Whether the commit that a layer's ref stands for is what this layer becomes: another image may have read the same blob otherwise.</summary>
    public bool Fits(Repository repository, Checksum commit, LayerKind kind)
    {
        if (!repository.HasObject(new(commit, ObjectType.Commit)) || repository.IsPartial(commit))
        {
            return false;
        }

        try
        {
            Commit loaded = repository.LoadCommit(commit);
            LayerKind stored = IsLayerOfFiles(loaded) ? LayerKind.Files : IsObjectSet(repository, loaded) ? LayerKind.OstreeObjects : LayerKind.OstreeCommit;
            return stored == kind && (kind != LayerKind.OstreeCommit || Commit == commit); // of what no label names, the blob alone says what it holds
        }
        catch (Exception e) when (e is OstreeException or GVariantException)
        {
            return false; // what is damaged is fetched again
        }
    }

    /// <summary>Checks that the commit in the layers is the one that the image says it holds.</summary>
    /// <exception cref="ImportException">It is another one.</exception>
    public void RequireCommit(Checksum actual, string what) => RequireCommit(Commit, actual, what);

    /// <inheritdoc cref="RequireCommit(Checksum, string)"/>
    public static void RequireCommit(Checksum? expected, Checksum actual, string what)
    {
        if (expected is { } label && label != actual)
        {
            throw new ImportException($"{what} holds the ostree commit {actual}, and the image's label {CommitLabel} names {label}");
        }
    }

    // A blob cannot be two things at once, since its ref is one.
    private static void RequireOneKind(ImageManifest manifest, LayerKind[] kinds, string what)
    {
        var seen = new Dictionary<Digest, LayerKind>();
        for (int i = 0; i < kinds.Length; i++)
        {
            Digest digest = manifest.Layers[i].Digest;
            if (!seen.TryAdd(digest, kinds[i]) && (seen[digest] != kinds[i] || kinds[i] == LayerKind.OstreeCommit))
            {
                throw new ImportException($"{what} has the layer {digest} twice, once as a part of its ostree commit");
            }
        }
    }

    /// <summary>Whether a commit is that of a layer of files, as its metadata have it.</summary>
    internal static bool IsLayerOfFiles(Commit commit) =>
        commit.Metadata.ContainsKey(ImageStore.ImporterVersionKey) && !commit.Metadata.ContainsKey(ImageStore.ManifestDigestKey);

    private static bool IsObjectSet(Repository repository, Commit commit)
    {
        if (commit.Metadata.Count > 0 || commit.Timestamp != 0)
        {
            return false;
        }

        // Not by LoadDirTree, which would remember a hundred thousand names for nothing.
        DirTree root = DirTree.Parse(repository.LoadMetadata(new(commit.RootTree, ObjectType.DirTree)));
        return root.Directories.Count == 0 && root.Files.All(file => file.Name == file.File.ToString());
    }
}
