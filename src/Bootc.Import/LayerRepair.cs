// Puts damaged objects right by what they came from: the layers of images.
using Bootc.Import.SELinux;
using Bootc.Linux;
using Bootc.Oci;
using Bootc.Oci.Layers;
using Bootc.Oci.Model;
using Bootc.Ostree;
using Bootc.Ostree.GVariant;
using Bootc.Ostree.Objects;
using Bootc.Ostree.SELinux;

namespace Bootc.Import;

/// <summary>
/// Fetches those layers of an image again that hold damaged or missing objects, and writes just these objects. Nothing else
/// in the repository changes; killed at any moment, an object is as it was or whole.
/// </summary>
public sealed class LayerRepair(Repository repository, IReadOnlySet<ObjectName> damaged)
{
    private FileContexts? _labels;

    /// <summary>The layers of an image that hold any of the objects.</summary>
    public IReadOnlyList<LayerState> FindLayers(StoredImage image)
    {
        var layers = new List<LayerState>();
        _labels = SELinuxPolicy.TryLoad(repository, image.MergeCommit); // where it is damaged itself, labelled files are repaired once it is right
        IReadOnlyList<LayerKind> kinds = OstreeLayout.Read(image.Manifest, image.Config, $"the image {image.ManifestDigest}").Kinds;
        for (int i = 0; i < image.Manifest.Layers.Length; i++)
        {
            Descriptor layer = image.Manifest.Layers[i];
            string name = ImageStore.RefOf(layer.Digest);
            Checksum? commit = repository.TryResolveRef(name);
            if (commit is not { } known || IsDamaged(known))
            {
                layers.Add(new LayerState(layer, image.Config.RootFs.DiffIds[i], name, commit) { Kind = kinds[i] });
            }
        }

        return layers;
    }

    /// <summary>Fetches layers and writes what is damaged.</summary>
    /// <exception cref="OciException">A layer cannot be had or is not what it should be.</exception>
    /// <exception cref="ImportException">A layer is malformed.</exception>
    public async Task RunAsync(IImageSource source, IReadOnlyList<LayerState> layers, IImportProgress progress, CancellationToken cancellation)
    {
        progress.Start([.. layers.Select(layer => layer.Layer)], []);
        foreach (LayerState layer in layers)
        {
            Stream blob = await source.OpenBlobAsync(layer.Layer, null, cancellation).ConfigureAwait(false);
            await Task.Factory.StartNew(() => Write(layer, blob, cancellation), cancellation, TaskCreationOptions.LongRunning, TaskScheduler.Default).ConfigureAwait(false);
            progress.LayerDone(layer.Layer);
        }
    }

    private void Write(LayerState layer, Stream blob, CancellationToken cancellation)
    {
        string what = layer.Name;
        using Stream tar = LayerStream.OpenTar(blob, layer.DiffId, what, cancellation);
        using RepositoryTransaction transaction = repository.BeginRepair(damaged);
        if (layer.Kind == LayerKind.Files)
        {
            new LayerImporter(transaction, what, cancellation) { Labels = _labels }.Import(tar).Write(transaction);
        }
        else
        {
            new OstreeLayerImporter(transaction, what, cancellation).Import(tar, layer.Kind);
        }

        transaction.Commit();
    }

    // A tree that cannot be read may hold anything.
    private bool IsDamaged(Checksum commit)
    {
        try
        {
            Commit loaded = repository.LoadCommit(commit);
            return damaged.Contains(new(commit, ObjectType.Commit)) || damaged.Contains(new(loaded.RootMeta, ObjectType.DirMeta)) || HoldsDamage(loaded.RootTree);
        }
        catch (Exception e) when (e is OstreeException or LinuxException or GVariantException)
        {
            return true;
        }
    }

    private bool HoldsDamage(Checksum tree)
    {
        if (damaged.Contains(new(tree, ObjectType.DirTree)))
        {
            return true;
        }

        DirTree names = repository.LoadDirTree(tree);
        return names.Files.Any(file => damaged.Contains(new(file.File, ObjectType.File)))
            || names.Directories.Any(directory => damaged.Contains(new(directory.Meta, ObjectType.DirMeta)) || HoldsDamage(directory.Tree));
    }
}
