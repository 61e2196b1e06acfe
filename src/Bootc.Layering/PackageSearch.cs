// package search: what could be added.
using Bootc.Deployments;
using Bootc.Import.Packages;

namespace Bootc.Layering;

/// <summary>Looks for packages in the repositories that the host has.</summary>
public sealed class PackageSearch(Sysroot sysroot, IOperationProgress progress)
{
    /// <summary>Uses only the lists that the host fetched before.</summary>
    public bool CacheOnly { get; init; }

    /// <summary>The packages whose names or descriptions have all of the terms, in the order of names.</summary>
    /// <param name="terms">Words, or regular expressions as the distribution's own search takes them.</param>
    /// <param name="cancellation">Ends the search.</param>
    /// <exception cref="LayeringException">There is no deployment of an image that takes packages, or no list can be had.</exception>
    public IReadOnlyList<FoundPackage> Run(IReadOnlyList<string> terms, CancellationToken cancellation)
    {
        using SysrootLock held = sysroot.Lock(progress, cancellation);
        DeriveRequest request = PackageRequest.For(sysroot, progress);
        HashSet<string> present = [.. (PackageDatabase.Read(sysroot.Repository, sysroot.Default!.Commit) ?? []).Select(package => package.Name)];
        return [.. new PackageLayering { CacheOnly = CacheOnly }.Search(request, terms, cancellation)
            .Select(found => found with { IsPresent = present.Contains(found.Name) })
            .OrderBy(found => found.Name, StringComparer.Ordinal)];
    }
}
