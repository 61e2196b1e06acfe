// What looking for packages needs of a distribution's package tools.
namespace Bootc.Layering;

/// <summary>A package tool that finds packages by words.</summary>
internal interface IPackageSearch
{
    /// <summary>The packages whose names or descriptions have all of the terms.</summary>
    /// <exception cref="LayeringException">The tool failed.</exception>
    IReadOnlyList<FoundPackage> Search(IReadOnlyList<string> terms, CancellationToken cancellation);
}
