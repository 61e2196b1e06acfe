// Layers on their way from the registry into a repository.
using System.Collections.Concurrent;
using Bootc.Import.Chunked;
using Bootc.Ostree;
using Bootc.Ostree.Objects;

namespace Bootc.Import;

/// <summary>
/// The layers that an import has written. They are merged while the disk is still busy with them, and while some are still being
/// compared with their diff-ids; only then, together with the image's own, refs are set to those that have none yet. These are
/// the ones that have to be compared, and small ones, which are fetched again sooner than their refs are put on disk for themselves.
/// </summary>
internal sealed class FetchedLayers(Repository repository)
{
    private readonly ConcurrentDictionary<string, FetchedLayer> _layers = new();
    private readonly ConcurrentDictionary<Checksum, Commit> _commits = new();
    private readonly List<(LayerState Layer, Exception Fault)> _unfit = [];

    /// <summary>The refs that are to be set.</summary>
    public IReadOnlyCollection<KeyValuePair<string, Checksum?>> Refs =>
        [.. _layers.Where(entry => !entry.Value.HasRef).Select(entry => KeyValuePair.Create<string, Checksum?>(entry.Key, entry.Value.Checksum))];

    /// <summary>Adds a layer.</summary>
    public void Add(FetchedLayer layer)
    {
        _layers[layer.Layer.Ref] = layer;
        _commits[layer.Checksum] = layer.Commit;
    }

    /// <summary>The commit of a layer, which may not be visible yet.</summary>
    public Commit LoadCommit(Checksum checksum) => _commits.GetValueOrDefault(checksum) ?? repository.LoadCommit(checksum);

    /// <summary>Waits for those layers that cannot be merged before they are visible, since they are too large to be remembered.</summary>
    public async Task MakeReadableAsync(CancellationToken cancellation)
    {
        foreach (FetchedLayer layer in _layers.Values.Where(layer => !layer.IsRemembered))
        {
            await layer.Published.WaitAsync(cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Waits until all layers are visible.</summary>
    public Task ArePublishedAsync(CancellationToken cancellation) => Task.WhenAll(_layers.Values.Select(layer => layer.Published)).WaitAsync(cancellation);

    /// <summary>Waits until all layers are visible, and it is known of them what they are.</summary>
    /// <returns>Whether all are what they should be.</returns>
    public async Task<bool> AreFitAsync(CancellationToken cancellation)
    {
        foreach ((string name, FetchedLayer layer) in _layers)
        {
            await layer.Published.WaitAsync(cancellation).ConfigureAwait(false);
            try
            {
                await layer.Verified.WaitAsync(cancellation).ConfigureAwait(false);
            }
            catch (Exception e) when (ChunkedFetch.MayBeHadWhole(e))
            {
                _layers.TryRemove(name, out _);
                _unfit.Add((layer.Layer, e));
            }
        }

        return _unfit.Count == 0;
    }

    /// <summary>The layers that are not what they should be, with what is wrong with each; they are forgotten here.</summary>
    public IReadOnlyList<(LayerState Layer, Exception Fault)> TakeUnfit()
    {
        (LayerState, Exception)[] unfit = [.. _unfit];
        _unfit.Clear();
        return unfit;
    }

    /// <summary>Says that the refs are set.</summary>
    public void Confirm() => _layers.Clear();

    /// <summary>
    /// Waits for what is still going on, and sets the refs of layers of an import that failed: what was fetched stays. Errors in
    /// this are not told, since another one is.
    /// </summary>
    public async Task KeepAsync()
    {
        var sound = new List<KeyValuePair<string, Checksum?>>();
        foreach ((string name, FetchedLayer layer) in _layers)
        {
            Task whole = Task.WhenAll(layer.Published, layer.Verified);
            await whole.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (whole.IsCompletedSuccessfully && !layer.HasRef)
            {
                sound.Add(KeyValuePair.Create<string, Checksum?>(name, layer.Checksum));
            }
        }

        _layers.Clear();
        try
        {
            repository.SetRefs(sound);
        }
        catch (Exception e) when (e is IOException or OstreeException)
        {
            // They are fetched again.
        }
    }
}
