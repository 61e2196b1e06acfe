// Packages are packed into layers so that layers change as seldom as they can.
using Bootc.Import.Encapsulation;
using Bootc.Ostree.Objects;
using Xunit;

namespace Bootc.Import.Tests;

public sealed class LayerPackingTests
{
    [Theory]
    [InlineData(0, 63)]
    [InlineData(1, 3)]
    [InlineData(5, 3)]
    [InlineData(62, 63)]
    [InlineData(63, 63)]
    [InlineData(2000, 63)]
    [InlineData(2000, 3)]
    public void Every_component_is_in_one_layer_and_sources_are_not_divided(int count, int layers)
    {
        Component[] components = Make(count, seed: 1);

        List<List<Component>> packed = LayerPacking.Pack(components, layers, null);

        Assert.True(packed.Count <= layers);
        Assert.Equal(components.OrderBy(component => component.Name, StringComparer.Ordinal), packed.SelectMany(layer => layer).OrderBy(component => component.Name, StringComparer.Ordinal), ReferenceEqualityComparer.Instance);
        Assert.All(packed.SkipLast(1), layer => Assert.NotEmpty(layer));
        Assert.All(packed.TakeLast(1), layer => Assert.Empty(layer));
        Assert.All(components.GroupBy(component => component.Source), source => Assert.Single(packed, layer => layer.Exists(component => component.Source == source.Key)));
        Assert.Equal(Names(packed), Names(LayerPacking.Pack([.. components.Reverse()], layers, null)));
    }

    // The most that a rebuild may cost: a layer for each source that changed, and that for new ones.
    [Fact]
    public void With_a_former_packing_only_the_layers_of_what_changed_change()
    {
        Component[] before = Make(900, seed: 2);
        string[][] old = Names(LayerPacking.Pack(before, 63, null));
        var random = new Random(3);
        HashSet<string> changed = [.. before.Where(_ => random.Next(100) == 0).Select(component => component.Name)];
        HashSet<string> removed = [.. before.Where(_ => random.Next(200) == 0).Select(component => component.Name)];
        Component[] after = [.. before.Where(component => !removed.Contains(component.Name)).Select(component => Resized(component, changed.Contains(component.Name) ? 5_000_000 : component.Size)), .. Make(7, seed: 4, prefix: "new")];

        string[][] now = Names(LayerPacking.Pack(after, 63, old));

        Assert.Equal(old.Length, now.Length);
        Assert.Equal(old.SkipLast(1).Select(layer => string.Join(',', layer.Where(name => !removed.Contains(name)))), now.SkipLast(1).Select(layer => string.Join(',', layer)));
        Assert.All(now[^1], name => Assert.StartsWith("new", name));
        Assert.Equal(7, now[^1].Length);
    }

    [Fact]
    public void A_new_component_joins_its_source()
    {
        string[][] old = [["a"], ["b"], []];

        string[][] now = Names(LayerPacking.Pack([Make("a", "a", 1), Make("a-extra", "a", 1), Make("b", "b", 1), Make("c", "c", 1)], 63, old));

        Assert.Equal((string[][])[["a", "a-extra"], ["b"], ["c"]], now);
    }

    [Fact]
    public void Layers_of_which_nothing_is_left_go_but_the_last()
    {
        string[][] old = [["a"], ["gone"], ["b"], ["also-gone"]];

        string[][] now = Names(LayerPacking.Pack([Make("a", "a", 1), Make("b", "b", 1)], 63, old));

        Assert.Equal((string[][])[["a"], ["b"], []], now);
    }

    [Fact]
    public void A_former_packing_into_more_layers_than_there_may_be_is_not_kept()
    {
        string[][] old = [["a"], ["b"], ["c"], []];

        Assert.Equal(Names(LayerPacking.Pack(Make(9, seed: 5), 3, null)), Names(LayerPacking.Pack(Make(9, seed: 5), 3, old)));
    }

    private static string[][] Names(IEnumerable<List<Component>> packed) => [.. packed.Select(layer => layer.Select(component => component.Name).Order(StringComparer.Ordinal).ToArray())];

    private static Component[] Make(int count, int seed, string prefix = "package")
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(i => Make($"{prefix}-{i:0000}", $"{prefix}-source-{i - (i % random.Next(1, 3))}", (long)Math.Exp(random.NextDouble() * 18)))];
    }

    private static Component Resized(Component component, long size) => Make(component.Name, component.Source, size);

    private static Component Make(string name, string source, long size)
    {
        var component = new Component(name, source);
        component.Objects.Add(new ContentObject(Checksum.Compute(System.Text.Encoding.UTF8.GetBytes(name)), FileHeader.ForFile(0, 0, 0x1A4), size));
        return component;
    }
}
