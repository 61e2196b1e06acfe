// All names of an image and hardly any content: what it takes to know what an image has.
using Bootc.Oci.Layers;
using Bootc.Ostree;
using Bootc.Ostree.GVariant;
using Bootc.Ostree.Objects;

namespace Bootc.Import;

/// <summary>
/// Reads an image's layers, compares them with their diff-ids and merges them as an import does, and keeps the names, the
/// directories and the symbolic links, but of the contents only what is asked for.
/// </summary>
public static class ImageOutline
{
    /// <summary>Whether an image can be read so. One that holds an ostree commit cannot: its names are among its objects.</summary>
    public static bool CanRead(PreparedImport prepared) => prepared.Layers.All(layer => layer.Kind == LayerKind.Files);

    /// <summary>Reads an image.</summary>
    /// <param name="repository">Where the outline goes, which has nothing else.</param>
    /// <param name="prepared">The image, looked up with this repository.</param>
    /// <param name="wantsContent">Asked for the path of each file in the commit, with a leading slash, whether its content is wanted.</param>
    /// <param name="progress">Told what is fetched.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="Oci.OciException">A layer cannot be had or is not what it should be.</exception>
    /// <exception cref="ImportException">A layer is malformed.</exception>
    public static async Task<CommitTree> ReadAsync(
        Repository repository, PreparedImport prepared, Func<string, bool> wantsContent, IImportProgress? progress, CancellationToken cancellation)
    {
        progress?.Start([.. prepared.Layers.Select(layer => layer.Layer).Distinct()], []);
        var merged = new MutableTree();
        foreach (LayerState layer in prepared.Layers)
        {
            Stream blob = await prepared.Source.OpenBlobAsync(layer.Layer, new LayerBytes(layer.Layer, progress), cancellation).ConfigureAwait(false);
            await Task.Run(() => AddLayer(repository, merged, layer, blob, wantsContent, cancellation), cancellation).ConfigureAwait(false);
            progress?.LayerDone(layer.Layer);
        }

        using RepositoryTransaction transaction = repository.BeginTransaction();
        (Checksum tree, Checksum meta) = merged.Write(transaction);
        Checksum commit = transaction.WriteCommit(new Commit([], null, "", "", 0, tree, meta));
        transaction.Commit();
        return repository.OpenTree(commit);
    }

    private static void AddLayer(Repository repository, MutableTree merged, LayerState layer, Stream blob, Func<string, bool> wantsContent, CancellationToken cancellation)
    {
        using Stream tar = LayerStream.OpenTar(blob, layer.DiffId, layer.Name, cancellation);
        using RepositoryTransaction transaction = repository.BeginTransaction();
        var importer = new LayerImporter(transaction, layer.Name, cancellation) { WantsContent = wantsContent };
        LayerDirectory root = importer.Import(tar);
        (Checksum tree, Checksum meta) = root.Write(transaction);
        transaction.Commit();
        LayerMerge.Apply(merged, MutableTree.FromTree(repository, tree, meta), root.ImpliedPaths().ToHashSet(), importer.HasWhiteouts);
    }
}
