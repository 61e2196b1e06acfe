// How the packages of two commits differ.
namespace Bootc.Import.Packages;

/// <summary>Packages that were added, removed or changed their version.</summary>
/// <param name="Added">New packages.</param>
/// <param name="Removed">Packages that are gone.</param>
/// <param name="Changed">Packages with another version, as they were and as they are.</param>
public sealed record PackageDiff(IReadOnlyList<Package> Added, IReadOnlyList<Package> Removed, IReadOnlyList<(Package Old, Package New)> Changed)
{
    /// <summary>Compares two lists of packages; several versions of one name (kernels) count as added and removed ones.</summary>
    public static PackageDiff Compare(IEnumerable<Package> before, IEnumerable<Package> after)
    {
        ILookup<(string, string), Package> old = before.ToLookup(package => (package.Name, package.Architecture));
        ILookup<(string, string), Package> now = after.ToLookup(package => (package.Name, package.Architecture));
        var added = new List<Package>();
        var removed = new List<Package>();
        var changed = new List<(Package, Package)>();
        foreach (var key in old.Select(group => group.Key).Union(now.Select(group => group.Key)).Order())
        {
            Package[] gone = [.. old[key].Except(now[key])];
            Package[] come = [.. now[key].Except(old[key])];
            if (gone is [var was] && come is [var became])
            {
                changed.Add((was, became));
                continue;
            }

            removed.AddRange(gone);
            added.AddRange(come);
        }

        return new PackageDiff(added, removed, changed);
    }
}
