// Brings an image into a repository: its layers as commits, and a commit of all of them together.
using System.Collections.Concurrent;
using Bootc.Composefs;
using Bootc.Import.Chunked;
using Bootc.Import.SELinux;
using Bootc.Oci;
using Bootc.Oci.Layers;
using Bootc.Oci.Layers.Chunked;
using Bootc.Oci.Model;
using Bootc.Ostree;
using Bootc.Ostree.GVariant;
using Bootc.Ostree.Objects;
using Bootc.Ostree.SELinux;
using Bootc.Signatures.Commits;

namespace Bootc.Import;

/// <summary>
/// Imports images into an ostree repository in ostree-ext's layout. Layers that are there already are not fetched; a layer
/// that was fetched stays, also when the import as a whole fails.
/// </summary>
public sealed class ImageImporter(Repository repository, ImportOptions options)
{
    // The bytes of a layer that does without a ref of its own until the image has one.
    private const long SmallLayer = 8 << 20;

    private static readonly string[] InjectedFiles = ["hostname", "resolv.conf"];

    // Those of the image before, most likely the same: what is labelled as it comes need not be written twice. The image itself has
    // the last word.
    private Lazy<FileContexts?>? _labels;

    /// <summary>Looks an image up: fetches its manifest and configuration and finds out which layers are missing.</summary>
    /// <param name="source">Where the image is.</param>
    /// <param name="reference">The reference under which it is kept.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="OciException">It cannot be had.</exception>
    /// <exception cref="ImportException">It is for another architecture, or of a kind that cannot be imported.</exception>
    public async Task<PreparedImport> PrepareAsync(IImageSource source, ImageReference reference, CancellationToken cancellation)
    {
        ResolvedManifest manifest = await source.FetchManifestAsync(options.Platform, cancellation).ConfigureAwait(false);
        if (options.Admit is { } admit)
        {
            await admit(source, manifest, cancellation).ConfigureAwait(false);
        }

        string what = reference.ToString();
        if (manifest.Manifest.Config.MediaType is not (MediaTypes.OciConfig or MediaTypes.DockerConfig or ""))
        {
            throw new ImportException($"{what} is no image of an operating system but an artifact of type '{manifest.Manifest.Config.MediaType}'");
        }

        ReadOnlyMemory<byte> configBytes = await source.FetchSmallBlobAsync(manifest.Manifest.Config, ImageConfig.MaximumSize, cancellation).ConfigureAwait(false);
        ImageConfig config = ImageConfig.Parse(configBytes.Span, what);
        Validate(manifest.Manifest, config, what);
        OstreeLayout layout = OstreeLayout.Read(manifest.Manifest, config, what);
        RequireCommitAlone(layout, what);
        StoredImage? previous = ImageStore.QueryImage(repository, reference);
        // By its manifest: another one with the same configuration may name other blobs, and be signed where this one was not.
        bool isSame = previous is not null && previous.ManifestDigest == manifest.Digest;
        LayerState[] layers = [.. manifest.Manifest.Layers.Select((layer, i) => FindLayer(layer, config.RootFs.DiffIds[i], layout, layout.Kinds[i], previous))];
        isSame &= options.AdmitCommit is null || layers[0].Commit is not null;
        return new PreparedImport
        {
            Source = source,
            Reference = reference,
            Manifest = manifest,
            Config = config,
            ConfigBytes = configBytes,
            Previous = previous,
            Present = isSame ? previous : null,
            Layers = isSame ? layers : await new ChunkedFetch(repository, source).PlanAsync(layers, cancellation).ConfigureAwait(false),
            OstreeCommit = layout.Commit,
        };
    }

    /// <summary>Imports an image that was looked up.</summary>
    /// <exception cref="OciException">A layer cannot be had or is not what it should be.</exception>
    /// <exception cref="ImportException">A layer is malformed.</exception>
    public async Task<PulledImage> ImportAsync(PreparedImport prepared, IImportProgress? progress, CancellationToken cancellation)
    {
        if (prepared.Present is { } present)
        {
            return new PulledImage(present, LayerFacts.Load(repository, present));
        }

        var facts = new LayerFacts();
        var written = new FetchedLayers(repository);
        using IDisposable? held = repository.ProtectObjects();
        _labels = new Lazy<FileContexts?>(() => prepared.Previous is { } previous ? SELinuxPolicy.TryLoad(repository, previous.MergeCommit) : null);
        try
        {
            Checksum[] commits = await FetchLayersAsync(prepared, facts, written, progress, cancellation).ConfigureAwait(false);
            progress?.Step("Merging layers");
            PulledImage? image;
            while ((image = await TryMergeAsync(prepared, commits, facts, written, progress, cancellation).ConfigureAwait(false)) is null)
            {
                await FetchUnfitAsync(prepared, commits, facts, written, progress, cancellation).ConfigureAwait(false);
            }

            return image;
        }
        finally
        {
            await written.KeepAsync().ConfigureAwait(false);
        }
    }

    private static void Validate(ImageManifest manifest, ImageConfig config, string what)
    {
        if (config.RootFs.DiffIds.Length != manifest.Layers.Length || manifest.Layers.Length == 0)
        {
            throw new ImportException($"{what} has {manifest.Layers.Length} layers, and its configuration names {config.RootFs.DiffIds.Length}");
        }

        if (config.Architecture.Length > 0 && !Platform.Current.HasSameArchitecture(config.Platform))
        {
            throw new ImportException($"{what} is an image for {config.Platform}, and this machine is {Platform.Current}");
        }
    }

    private LayerState FindLayer(Descriptor layer, Digest diffId, OstreeLayout layout, LayerKind kind, StoredImage? previous)
    {
        var state = new LayerState(layer, diffId, ImageStore.RefOf(layer.Digest), null) { Kind = kind };
        if (repository.TryResolveRef(state.Ref) is not { } commit || !layout.Fits(repository, commit, kind))
        {
            return state with { Commit = kind == LayerKind.Files ? FindByDiffId(diffId, layout, previous) : null };
        }

        // Of a layer that was put together of its files the diff-id alone was checked, as that image's configuration had it.
        // Where this image's has another one, one of the two lies about the blob, and the whole blob tells which.
        bool isContested = ImageStore.TryReadDiffId(repository, commit) is { } known && known != diffId.ToString();
        return isContested ? state with { IsContested = true } : state with { Commit = IsAdmitted(commit, kind) ? commit : null };
    }

    // The same layer may come under another digest: compressed anew, and nothing else.
    private Checksum? FindByDiffId(Digest diffId, OstreeLayout layout, StoredImage? previous)
    {
        int i = previous is null || previous.Config.RootFs.DiffIds.Length != previous.Manifest.Layers.Length ? -1 : Array.IndexOf(previous.Config.RootFs.DiffIds, diffId);
        return i >= 0 && repository.TryResolveRef(ImageStore.RefOf(previous!.Manifest.Layers[i].Digest)) is { } commit
            && layout.Fits(repository, commit, LayerKind.Files) && ImageStore.TryReadDiffId(repository, commit) == diffId.ToString() ? commit : null;
    }

    // What is refused may have come when no one asked, with other signatures or none: it is fetched again, and refused then, or not.
    private bool IsAdmitted(Checksum commit, LayerKind kind)
    {
        if (options.AdmitCommit is not { } admit || kind != LayerKind.OstreeCommit)
        {
            return true;
        }

        try
        {
            admit(commit, CommitSignatures.LoadSigned(repository, commit), repository.LoadDetachedMetadata(commit));
            return true;
        }
        catch (Exception e) when (e is not (OutOfMemoryException or OperationCanceledException))
        {
            return false;
        }
    }

    private void RequireCommitAlone(OstreeLayout layout, string what)
    {
        int above = layout.Kinds.Count(kind => kind == LayerKind.Files);
        if (options.AdmitCommit is not null && above > 0)
        {
            throw new ImportException(above == layout.Kinds.Count
                ? $"{what} holds no ostree commit that could be signed: it has no label {OstreeLayout.FinalDiffIdLabel}"
                : $"{what} is more than an ostree commit: {above} layers of files lie on top of it, which no signature of the commit vouches for");
        }
    }

    private async Task<Checksum[]> FetchLayersAsync(
        PreparedImport prepared, LayerFacts facts, FetchedLayers written, IImportProgress? progress, CancellationToken cancellation)
    {
        LayerState[] missing = [.. prepared.LayersToFetch.DistinctBy(layer => layer.Ref)];
        progress?.Reuse(missing.Sum(layer => layer.BytesReused));
        progress?.Start([.. missing.Select(layer => layer.Fetched)], [.. prepared.Layers.Where(layer => layer.Commit is not null).Select(layer => layer.Layer)]);
        Task remembered = Task.Run(() => ReadFacts(prepared, facts), cancellation); // while the first layers arrive
        var fetched = new ConcurrentDictionary<string, Checksum>();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        using var slots = new SemaphoreSlim(options.ParallelLayers);
        using var ostree = new OstreeLayers(repository, prepared.OstreeCommit, options.AdmitCommit, facts);
        Task[] tasks = [.. missing.Select(async layer =>
        {
            await slots.WaitAsync(stop.Token).ConfigureAwait(false);
            try
            {
                fetched[layer.Ref] = await FetchLayerAsync(prepared, layer, facts, written, ostree, progress, stop.Token).ConfigureAwait(false);
                progress?.LayerDone(layer.Fetched);
            }
            catch
            {
                await stop.CancelAsync().ConfigureAwait(false);
                throw;
            }
            finally
            {
                slots.Release();
            }
        })];
        await WhenAllAsync([.. tasks, remembered], cancellation).ConfigureAwait(false);
        ostree.Complete();
        return [.. prepared.Layers.Select(layer => layer.Commit ?? fetched[layer.Ref])];
    }

    private void ReadFacts(PreparedImport prepared, LayerFacts facts)
    {
        foreach (LayerState layer in prepared.Layers)
        {
            if (layer.Commit is { } commit)
            {
                facts.Read(repository, commit);
            }
        }
    }

    // The error that stopped the others is told, not that they were stopped.
    private static async Task WhenAllAsync(Task[] tasks, CancellationToken cancellation)
    {
        try
        {
            await Task.WhenAll(tasks).ConfigureAwait(false);
        }
        catch
        {
            cancellation.ThrowIfCancellationRequested();
            Exception? cause = tasks.Select(task => task.Exception?.InnerException).FirstOrDefault(e => e is not null and not OperationCanceledException);
            if (cause is not null)
            {
                System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(cause);
            }

            throw;
        }
    }

    // What cannot be put together of its files is fetched whole: it may be the table of contents that is wrong, or a file here.
    private async Task<Checksum> FetchLayerAsync(
        PreparedImport prepared,
        LayerState layer,
        LayerFacts facts,
        FetchedLayers written,
        OstreeLayers ostree,
        IImportProgress? progress,
        CancellationToken cancellation)
    {
        if (layer.Kind != LayerKind.Files)
        {
            Stream objects = await prepared.Source.OpenBlobAsync(layer.Layer, new LayerBytes(layer.Layer, progress), cancellation).ConfigureAwait(false);
            return await Task.Factory.StartNew(
                () => ostree.Write(layer, objects, cancellation), cancellation, TaskCreationOptions.LongRunning, TaskScheduler.Default).ConfigureAwait(false);
        }

        string? fault = layer.Fault;
        if (layer.Plan is { } plan)
        {
            try
            {
                var received = new LayerBytes(layer.Fetched, progress, plan.Layer.Toc.Length);
                using ChunkedLayerReader reader = await new ChunkedFetch(repository, prepared.Source).OpenAsync(layer, plan, received, cancellation).ConfigureAwait(false);
                FetchedLayer put = await WriteLayerAsync(
                    layer, importer => importer.Import(reader), () => plan.Files.Values.Select(file => file.File), facts, setRef: false, cancellation).ConfigureAwait(false);
                written.Add(put with { Verified = reader.Verified });
                return put.Checksum;
            }
            catch (Exception e) when (ChunkedFetch.MayBeHadWhole(e))
            {
                fault = Forget(e);
            }
        }

        return await FetchWholeLayerAsync(prepared, layer, fault, facts, written, progress, cancellation).ConfigureAwait(false);
    }

    private async Task FetchUnfitAsync(
        PreparedImport prepared, Checksum[] commits, LayerFacts facts, FetchedLayers written, IImportProgress? progress, CancellationToken cancellation)
    {
        foreach ((LayerState layer, Exception fault) in written.TakeUnfit())
        {
            Checksum commit = await FetchWholeLayerAsync(prepared, layer, Forget(fault), facts, written, progress, cancellation).ConfigureAwait(false);
            for (int i = 0; i < commits.Length; i++)
            {
                commits[i] = prepared.Layers[i].Ref == layer.Ref ? commit : commits[i];
            }
        }
    }

    // It may be what is remembered of contents that is wrong; it is written anew with the next layers.
    private string Forget(Exception fault)
    {
        if (fault is LayerFormatException)
        {
            ContentIndex.Forget(repository);
        }

        return fault.Message;
    }

    private async Task<Checksum> FetchWholeLayerAsync(
        PreparedImport prepared,
        LayerState layer,
        string? fault,
        LayerFacts facts,
        FetchedLayers written,
        IImportProgress? progress,
        CancellationToken cancellation)
    {
        if (fault is not null)
        {
            progress?.Warn($"{fault}; the layer is fetched whole");
        }

        string what = layer.Name;
        byte[]? table = null;
        ChunkedLayer? chunked = ChunkedLayer.TryParse(layer.Layer);
        Stream blob = await prepared.Source.OpenBlobAsync(layer.Layer, new LayerBytes(layer.Layer, progress), cancellation).ConfigureAwait(false);
        blob = chunked is null ? blob : LayerStream.Capture(blob, chunked.Toc, captured => table = captured);
        using Stream tar = LayerStream.OpenTar(blob, layer.DiffId, what, cancellation);
        FetchedLayer fetched = await WriteLayerAsync(
            layer, importer => importer.Import(tar), () => ChunkedFetch.TryReadFiles(table, chunked, what), facts, setRef: layer.Layer.Size > SmallLayer, cancellation).ConfigureAwait(false);
        written.Add(fetched);
        return fetched.Checksum;
    }

    private Task<FetchedLayer> WriteLayerAsync(
        LayerState layer, Func<LayerImporter, LayerDirectory> import, Func<IEnumerable<TocFile>> files, LayerFacts facts, bool setRef, CancellationToken cancellation) =>
        Task.Factory.StartNew(
            () => WriteLayer(layer, import, files, facts, setRef, cancellation), cancellation, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private FetchedLayer WriteLayer(
        LayerState layer, Func<LayerImporter, LayerDirectory> import, Func<IEnumerable<TocFile>> files, LayerFacts facts, bool setRef, CancellationToken cancellation)
    {
        RepositoryTransaction transaction = repository.BeginTransaction();
        LayerImporter importer;
        FetchedLayer written;
        try
        {
            importer = new LayerImporter(transaction, layer.Name, cancellation) { Names = ChunkedLayer.TryParse(layer.Layer) is null ? null : [], Labels = _labels?.Value };
            LayerDirectory root = import(importer);
            transaction.BeginWriteBack();
            Commit commit = MakeCommit(layer, root, importer.HasWhiteouts, transaction);
            Checksum checksum = transaction.WriteCommit(commit);
            if (setRef)
            {
                transaction.SetRef(layer.Ref, checksum);
            }

            written = new FetchedLayer(layer, checksum, commit, Task.Run(() => Publish(transaction, setRef), CancellationToken.None), setRef) { IsRemembered = transaction.IsRemembered };
        }
        catch
        {
            transaction.Dispose();
            throw;
        }

        try
        {
            // What is remembered of the layer is of use only with it, and nothing is lost when one is there without the other.
            facts.Write(repository, written.Checksum, importer.Facts);
            if (importer.Names is { } names)
            {
                ContentIndex.Write(repository, written.Checksum, files(), names);
            }

            return written;
        }
        catch
        {
            ((IAsyncResult)written.Published).AsyncWaitHandle.WaitOne();
            throw;
        }
    }

    private static void Publish(RepositoryTransaction transaction, bool hasRefs)
    {
        using (transaction)
        {
            _ = hasRefs ? transaction.Commit() : transaction.Publish();
        }
    }

    // No time of its own: the same layer gives the same commit everywhere.
    private static Commit MakeCommit(LayerState layer, LayerDirectory root, bool hasWhiteouts, RepositoryTransaction transaction)
    {
        (Checksum tree, Checksum meta) = root.Write(transaction);
        string[] implied = [.. root.ImpliedPaths()];
        var metadata = new VariantDictionary { { ImageStore.ImporterVersionKey, GVariantValue.FromString(ImporterVersion) } };
        metadata.Add(ImageStore.DiffIdKey, GVariantValue.FromString(layer.DiffId.ToString()));
        metadata.Add(ImageStore.WhiteoutsKey, GVariantValue.FromBoolean(hasWhiteouts));
        if (implied.Length > 0)
        {
            metadata.Add(ImageStore.ImpliedDirectoriesKey, GVariantValue.FromStringArray(implied));
        }

        return new Commit(metadata, null, "", "", 0, tree, meta);
    }

    // Layers of files get the labels that the image's own policy has for them. Those of an ostree commit have theirs, which are
    // looked at only where layers on top of it change the policy: the answer is that policy then.
    private FileContexts? LabelLayers(
        PreparedImport prepared, Checksum[] commits, MutableTree merged, LayerFacts facts, IImportProgress? progress, CancellationToken cancellation)
    {
        if (SELinuxPolicy.TryLoad(repository, merged) is not { } policy)
        {
            return null;
        }

        for (int i = 0; i < commits.Length; i++)
        {
            if (prepared.Layers[i].Kind == LayerKind.Files && repository.LoadCommit(commits[i]) is { } layer && layer.Metadata.TryGetString(ImageStore.PolicyKey) != policy.Digest)
            {
                progress?.Step("Setting SELinux labels");
                commits[i] = LabelLayer(prepared.Layers[i], commits[i], layer, policy, facts, cancellation);
            }
        }

        return prepared.Layers[0].Kind == LayerKind.OstreeCommit && SELinuxPolicy.TryLoad(repository, MutableTree.FromCommit(repository, commits[0]))?.Digest != policy.Digest ? policy : null;
    }

    private Checksum LabelLayer(LayerState state, Checksum before, Commit layer, FileContexts policy, LayerFacts facts, CancellationToken cancellation)
    {
        using RepositoryTransaction transaction = repository.BeginTransaction();
        var tree = MutableTree.FromTree(repository, layer.RootTree, layer.RootMeta);
        var labels = new TreeLabels(transaction, policy, facts);
        labels.Apply(tree, cancellation);
        (Checksum root, Checksum meta) = tree.Write(transaction);
        layer.Metadata.Set(ImageStore.PolicyKey, GVariantValue.FromString(policy.Digest));
        Checksum commit = transaction.WriteCommit(layer with { RootTree = root, RootMeta = meta });
        transaction.SetRef(state.Ref, commit);
        transaction.Commit();
        facts.Write(repository, commit, labels.Facts);
        ContentIndex.Carry(repository, before, commit, labels.Renamed);
        return commit;
    }

    // Null when layers turn out, meanwhile, not to be what they should be.
    private async Task<PulledImage?> TryMergeAsync(
        PreparedImport prepared, Checksum[] layers, LayerFacts facts, FetchedLayers written, IImportProgress? progress, CancellationToken cancellation)
    {
        await written.MakeReadableAsync(cancellation).ConfigureAwait(false);
        MutableTree merged = Merge(prepared, layers, facts, written);
        FileContexts? relabelled = null;
        if (SELinuxPolicy.MayBeIn(merged) && prepared.Layers.Any(layer => layer.Kind == LayerKind.Files))
        {
            // The policy is read, and layers are written anew by it: first they have to be there, and what they should be.
            if (!await written.AreFitAsync(cancellation).ConfigureAwait(false))
            {
                return null;
            }

            repository.SetRefs(written.Refs);
            written.Confirm();
            relabelled = LabelLayers(prepared, layers, merged, facts, progress, cancellation);
            merged = Merge(prepared, layers, facts, written);
        }

        if (relabelled is not null)
        {
            DerivedLabels.Write(repository, merged, relabelled, onlyChanged: false, facts, cancellation);
        }

        using RepositoryTransaction transaction = repository.BeginTransaction();
        (AnticipatedCommit commit, UnnamedImage composefs) = WriteMergeCommit(transaction, prepared, layers, merged, facts);
        if (!await AreFitAsync(commit, transaction, written, cancellation).ConfigureAwait(false))
        {
            composefs.Dispose();
            return null;
        }

        foreach ((string name, Checksum? layer) in written.Refs)
        {
            transaction.SetRef(name, layer);
        }

        foreach ((LayerState state, Checksum layer) in prepared.Layers.Zip(layers).Where(pair => pair.First.Commit is not null && repository.TryResolveRef(pair.First.Ref) is null))
        {
            transaction.SetRef(state.Ref, layer); // the repository has it under another digest
        }

        transaction.SetRef(ImageStore.RefOf(prepared.Reference), commit.Commit);
        transaction.Commit();
        written.Confirm();
        return new PulledImage(ImageStore.QueryCommit(repository, commit.Commit)!, facts, composefs);
    }

    // While the layers' diff-ids are computed, others may begin with the commit that there will be.
    private async Task<bool> AreFitAsync(AnticipatedCommit commit, RepositoryTransaction transaction, FetchedLayers written, CancellationToken cancellation)
    {
        IDisposable? begun = null;
        bool areFit = false;
        try
        {
            if (options.Anticipate is { } anticipate && transaction.IsRemembered)
            {
                await written.ArePublishedAsync(cancellation).ConfigureAwait(false);
                begun = anticipate(commit);
            }

            return areFit = await written.AreFitAsync(cancellation).ConfigureAwait(false);
        }
        finally
        {
            if (!areFit)
            {
                begun?.Dispose();
            }
        }
    }

    private (AnticipatedCommit Commit, UnnamedImage Composefs) WriteMergeCommit(
        RepositoryTransaction transaction, PreparedImport prepared, Checksum[] layers, MutableTree merged, LayerFacts facts)
    {
        Checksum? ostree = prepared.Layers[0].Kind == LayerKind.OstreeCommit ? layers[0] : null;
        (Checksum tree, Checksum meta) = merged.Write(transaction);
        UnnamedImage composefs = CommitComposefs.Write(transaction, tree, meta, options.FindImageLike?.Invoke(), facts.TryGet, options.KnownDigests);
        var metadata = new VariantDictionary
        {
            { CommitComposefs.DigestKey, GVariantValue.FromBytes(composefs.Digest.ToArray()) },
            { ImageStore.ConfigKey, GVariantValue.FromString(CanonicalJson.Write(prepared.ConfigBytes)) },
            { ImageStore.ImporterVersionKey, GVariantValue.FromString(ImporterVersion) },
            { ImageStore.ManifestKey, GVariantValue.FromString(CanonicalJson.Write(prepared.Manifest.Bytes)) },
            { ImageStore.ManifestDigestKey, GVariantValue.FromString(prepared.Manifest.Digest.ToString()) },
        };
        ulong timestamp = (ulong)Math.Max(0, (StoredImage.TimestampOf(prepared.Manifest.Manifest, prepared.Config) ?? DateTimeOffset.UtcNow).ToUnixTimeSeconds());
        return (new AnticipatedCommit(transaction.WriteCommit(new Commit(metadata, ostree, "", "", timestamp, tree, meta)), tree, meta, facts), composefs);
    }

    private MutableTree Merge(PreparedImport prepared, Checksum[] layers, LayerFacts facts, FetchedLayers written)
    {
        MutableTree merged = Merge([.. layers.Where((_, i) => prepared.Layers[i].Kind != LayerKind.OstreeObjects)], prepared.Layers[0].Kind == LayerKind.OstreeCommit, written);
        RemoveInjectedFiles(merged, facts);
        return merged;
    }

    // A lowest layer that removes nothing is taken as it is, so that only the directories that others change are looked at.
    private MutableTree Merge(Checksum[] layers, bool onOstree, FetchedLayers written)
    {
        Commit[] commits = [.. layers.Select(written.LoadCommit)];
        bool startsClean = onOstree || commits[0].Metadata.TryGetBoolean(ImageStore.WhiteoutsKey) == false;
        MutableTree merged = startsClean ? TreeOf(commits[0]) : new MutableTree();
        foreach (Commit layer in commits.AsSpan(startsClean ? 1 : 0))
        {
            MutableTree tree = TreeOf(layer);
            if (onOstree)
            {
                // Objects that a container build copied up: the files that were hard links to them are in the layer as well.
                tree.TryGetDirectory("sysroot")?.Clear();
            }

            LayerMerge.Apply(merged, tree, ImpliedOf(layer), layer.Metadata.TryGetBoolean(ImageStore.WhiteoutsKey) != false);
        }

        return merged;
    }

    private MutableTree TreeOf(Commit commit) => MutableTree.FromTree(repository, commit.RootTree, commit.RootMeta);

    private static HashSet<string> ImpliedOf(Commit layer) => [.. layer.Metadata.TryGet(ImageStore.ImpliedDirectoriesKey)?.AsStringArray() ?? []];

    // Files that container tools mount over while an image is built, and leave empty in it.
    private void RemoveInjectedFiles(MutableTree root, LayerFacts facts)
    {
        MutableTree? etc = root.TryGetDirectory("usr")?.TryGetDirectory("etc");
        foreach (string name in InjectedFiles)
        {
            if (etc?.TryGetFile(name) is { } file && IsEmpty(file, facts))
            {
                etc.Remove(name);
            }
        }
    }

    private bool IsEmpty(Checksum file, LayerFacts facts)
    {
        (FileHeader header, long size) = facts.TryGet(file) is { } known ? (known.Header, known.Size) : repository.LoadFileHeader(file);
        return size == 0 && !header.IsSymbolicLink;
    }

    private static string ImporterVersion { get; } = typeof(ImageImporter).Assembly.GetName().Version?.ToString(3) ?? "0.0.0";
}
