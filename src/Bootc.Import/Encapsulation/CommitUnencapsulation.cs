// From an image that holds a commit to the commit alone.
using Bootc.Oci;
using Bootc.Oci.Layers;
using Bootc.Oci.Model;
using Bootc.Ostree;
using Bootc.Ostree.Objects;

namespace Bootc.Import.Encapsulation;

/// <summary>
/// Takes the ostree commit out of an encapsulated image, as one transaction: the repository has all of it or nothing. Neither the
/// image nor its layers are remembered; <see cref="ImageImporter"/> does that.
/// </summary>
/// <param name="repository">The repository that gets the commit.</param>
public sealed class CommitUnencapsulation(Repository repository)
{
    /// <summary>Asked whether the commit may be used, before it becomes visible; throws when not.</summary>
    public CommitAdmission? Admit { get; init; }

    /// <summary>Fetches the image and writes its commit.</summary>
    /// <param name="source">The image.</param>
    /// <param name="refSpec">A ref that shall stand for the commit, if any.</param>
    /// <param name="progress">Told of the layers.</param>
    /// <param name="cancellation">Ends the work.</param>
    /// <exception cref="OciException">The image cannot be had or is not what it should be.</exception>
    /// <exception cref="ImportException">It holds no commit, or more than that, or is malformed.</exception>
    public async Task<Checksum> RunAsync(IImageSource source, string? refSpec, IImportProgress? progress, CancellationToken cancellation)
    {
        string what = source.Reference.ToString();
        ImageManifest manifest = (await source.FetchManifestAsync(Platform.Current, cancellation).ConfigureAwait(false)).Manifest;
        ReadOnlyMemory<byte> bytes = await source.FetchSmallBlobAsync(manifest.Config, ImageConfig.MaximumSize, cancellation).ConfigureAwait(false);
        ImageConfig config = ImageConfig.Parse(bytes.Span, what);
        if (config.RootFs.DiffIds.Length != manifest.Layers.Length || manifest.Layers.Length == 0)
        {
            throw new ImportException($"{what} has {manifest.Layers.Length} layers, and its configuration names {config.RootFs.DiffIds.Length}");
        }

        OstreeLayout layout = OstreeLayout.Read(manifest, config, what);
        int above = layout.Kinds.Count(kind => kind == LayerKind.Files);
        if (above > 0)
        {
            throw new ImportException(above == manifest.Layers.Length
                ? $"{what} holds no ostree commit: it has no label {OstreeLayout.FinalDiffIdLabel}"
                : $"{what} is more than an ostree commit: {above} layers of files lie on top of it");
        }

        progress?.Start(manifest.Layers, []);
        using RepositoryTransaction transaction = repository.BeginTransaction();
        OstreeLayerImporter? holder = null;
        for (int i = 0; i < manifest.Layers.Length; i++)
        {
            OstreeLayerImporter layer = await ImportAsync(source, transaction, manifest.Layers[i], config.RootFs.DiffIds[i], layout.Kinds[i], cancellation).ConfigureAwait(false);
            holder ??= layer;
            progress?.LayerDone(manifest.Layers[i]);
        }

        (Checksum checksum, Commit commit) = holder!.Commit!.Value;
        layout.RequireCommit(checksum, what);
        OstreeLayers.RequireComplete(transaction, checksum, commit, what);
        Admit?.Invoke(checksum, holder.CommitBytes, holder.DetachedMetadata);
        OstreeLayers.WriteDetachedMetadata(repository, checksum, holder.DetachedMetadata);
        if (refSpec is not null)
        {
            transaction.SetRef(refSpec, checksum);
        }

        transaction.Commit();
        repository.MarkPartial(checksum, false);
        return checksum;
    }

    private static async Task<OstreeLayerImporter> ImportAsync(
        IImageSource source, RepositoryTransaction transaction, Descriptor layer, Digest diffId, LayerKind kind, CancellationToken cancellation)
    {
        string what = $"layer {layer.Digest}";
        Stream blob = await source.OpenBlobAsync(layer, null, cancellation).ConfigureAwait(false);
        return await Task.Factory.StartNew(() =>
        {
            using Stream tar = LayerStream.OpenTar(blob, diffId, what, cancellation);
            var importer = new OstreeLayerImporter(transaction, what, cancellation);
            importer.Import(tar, kind);
            return importer;
        }, cancellation, TaskCreationOptions.LongRunning, TaskScheduler.Default).ConfigureAwait(false);
    }
}
