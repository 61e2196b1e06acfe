// Which components share a layer.
namespace Bootc.Import.Encapsulation;

/// <summary>
/// Packs components into layers. Without a former image, the largest sources have layers of their own and the others are spread
/// evenly over the rest; with one, components stay where they were, so that layers change only where components do. New ones join
/// those of their source, or the last layer, which is kept for them.
/// </summary>
internal static class LayerPacking
{
    private const int LargePart = 60; // per cent of the layers that have one source each

    /// <summary>Packs components.</summary>
    /// <param name="components">The components.</param>
    /// <param name="layers">How many layers there may be, at least 2.</param>
    /// <param name="previous">The names of the components in each layer of a former image, the last one that for new components.</param>
    /// <returns>The components of each layer; only the last may have none.</returns>
    public static List<List<Component>> Pack(IReadOnlyList<Component> components, int layers, IReadOnlyList<IReadOnlyList<string>>? previous)
    {
        if (components.Count == 0)
        {
            return [];
        }

        return previous is { Count: > 0 } && previous.Count <= layers ? Keep(components, previous) : PackAnew(components, layers);
    }

    private static List<List<Component>> Keep(IReadOnlyList<Component> components, IReadOnlyList<IReadOnlyList<string>> previous)
    {
        var layerOf = new Dictionary<string, int>();
        for (int i = 0; i < previous.Count; i++)
        {
            foreach (string name in previous[i])
            {
                layerOf.TryAdd(name, i);
            }
        }

        var layers = previous.Select(_ => new List<Component>()).ToList();
        var layerOfSource = new Dictionary<string, int>();
        foreach (Component component in components.Where(component => layerOf.ContainsKey(component.Name)))
        {
            int layer = layerOf[component.Name];
            layers[layer].Add(component);
            layerOfSource.TryAdd(component.Source, layer);
        }

        foreach (Component component in components.Where(component => !layerOf.ContainsKey(component.Name)))
        {
            layers[layerOfSource.GetValueOrDefault(component.Source, layers.Count - 1)].Add(component);
        }

        return [.. layers.Where((layer, i) => layer.Count > 0 || i == layers.Count - 1)];
    }

    private static List<List<Component>> PackAnew(IReadOnlyList<Component> components, int layers)
    {
        Component[][] sources = [.. components
            .GroupBy(component => component.Source)
            .OrderByDescending(source => source.Sum(component => component.Size))
            .ThenBy(source => source.Key, StringComparer.Ordinal)
            .Select(source => source.ToArray())];
        int available = layers - 1; // one is for new components
        int large = sources.Length <= available ? sources.Length : available * LargePart / 100;
        List<List<Component>> packed = [.. sources.Take(large).Select(source => source.ToList())];
        if (large < sources.Length)
        {
            packed.AddRange(Spread(sources.Skip(large), available - large));
        }

        packed.Add([]);
        return packed;
    }

    // The next largest always goes to the layer that has least.
    private static List<Component>[] Spread(IEnumerable<Component[]> sources, int count)
    {
        List<Component>[] layers = [.. Enumerable.Range(0, count).Select(_ => new List<Component>())];
        long[] sizes = new long[count];
        foreach (Component[] source in sources)
        {
            int least = Array.IndexOf(sizes, sizes.Min());
            layers[least].AddRange(source);
            sizes[least] += source.Sum(component => component.Size) + 1; // empty ones are spread as well
        }

        return layers;
    }
}
