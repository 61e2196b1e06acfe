// Which virtual machines start first: those that live longest, so that none of them is left alone at the end.
using Xunit.Sdk;
using Xunit.v3;

[assembly: TestCollectionOrderer(typeof(Bootc.E2E.Tests.LongestFirst))]

namespace Bootc.E2E.Tests;

/// <summary>Orders the classes by how long their guests live.</summary>
public sealed class LongestFirst : ITestCollectionOrderer
{
    private static readonly string[] Shortest = [nameof(LibostreeBootTests), nameof(SoftRebootTests), nameof(GrubBiosTests), nameof(SealTests)];

    /// <inheritdoc/>
    public IReadOnlyCollection<TTestCollection> OrderTestCollections<TTestCollection>(IReadOnlyCollection<TTestCollection> testCollections)
        where TTestCollection : ITestCollection =>
        [.. testCollections.OrderByDescending(collection => Array.FindIndex(Shortest, name => collection.TestCollectionDisplayName.Contains(name, StringComparison.Ordinal)) is >= 0 and int at ? at : Shortest.Length)];
}
