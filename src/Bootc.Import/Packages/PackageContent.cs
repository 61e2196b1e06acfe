// The files of an installed package.
namespace Bootc.Import.Packages;

/// <summary>A package that is installed, as far as it says which files belong together.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Source">The name of the source package that it was built from.</param>
/// <param name="Paths">The absolute paths of its files and directories, as the package has them.</param>
internal sealed record PackageContent(string Name, string Source, IReadOnlyList<string> Paths);
