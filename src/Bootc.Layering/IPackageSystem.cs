// What differs between the package systems that images are made with.
using Bootc.Deployments;
using Bootc.Import.Packages;
using Bootc.Linux;

namespace Bootc.Layering;

/// <summary>A package system: where its database is, what its packages are called, and which tools of the image handle them.</summary>
internal interface IPackageSystem
{
    /// <summary>The directory below the host's <c>/var/cache/bootc</c> where lists and packages are kept.</summary>
    string CacheName { get; }

    /// <summary>The folders in <c>/etc</c> that say where packages come from and who signs them.</summary>
    IReadOnlyList<string> SettingsFolders { get; }

    /// <summary>The files in a cache that say what was fetched, in the order of their paths.</summary>
    IEnumerable<string> FindLists(string cache);

    /// <summary>Whether the lists in a cache are certainly the newest that there are; where that is not known without fetching them, they are not.</summary>
    /// <param name="etc">The path of the host's <c>/etc</c>.</param>
    /// <param name="cache">The path of the cache.</param>
    /// <param name="cancellation">Ends it.</param>
    bool IsCurrent(string etc, string cache, CancellationToken cancellation);

    /// <summary>Those of the packages of an update that repair what is a danger, as far as lists that were fetched say so.</summary>
    /// <param name="cache">The path of the cache.</param>
    /// <param name="packages">The packages with the versions that they would have, and those that are there, if any.</param>
    /// <param name="root">The path of a deployment with the image's programs.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="LayeringException">A list is damaged.</exception>
    IReadOnlySet<Package> FindSecurityFixes(string cache, IReadOnlyList<(Package? Before, Package After)> packages, string root, CancellationToken cancellation);

    /// <summary>How names of package files end, with the dot.</summary>
    string Extension { get; }

    /// <summary>How packages are named, for those who named one otherwise.</summary>
    string NameForms { get; }

    /// <summary>Whether a text is the name of a package, perhaps with an architecture or a version.</summary>
    bool IsName(string text);

    /// <summary>Whether a text that <see cref="IsName"/> takes means the package of a name, whatever architecture and version it asks for.</summary>
    bool Means(string text, string name);

    /// <summary>The name of the package that such a text means, of those that a deployment has; the text where it has none.</summary>
    string NameIn(string text, IEnumerable<Package> packages);

    /// <summary>By which names a package is meant.</summary>
    IEnumerable<string> NamesOf(Package package);

    /// <summary>The command, of the image, that prints name, version and architecture of the package in a file.</summary>
    IEnumerable<string> IdentifyCommand(string path);

    /// <summary>Makes what the tools expect in <c>/var</c> and images do not have there.</summary>
    void PrepareVar(DirectoryHandle var);

    /// <summary>Whether a path of the image is a lock, a log or a backup of the tools, which no commit has.</summary>
    bool IsVolatile(string path);

    /// <summary>The tools.</summary>
    /// <param name="sandbox">A sandbox over the image.</param>
    /// <param name="root">Its root.</param>
    /// <param name="etc">The path of the host's <c>/etc</c>, which says where packages come from; <see langword="null"/> where the image's counts.</param>
    /// <param name="cache">The path of the host's cache of lists and packages.</param>
    /// <param name="cacheOnly">Whether only what is in the cache is used.</param>
    /// <exception cref="LayeringException">The image lacks one.</exception>
    IPackageTool CreateTool(Sandbox sandbox, LayerRoot root, string? etc, string cache, bool cacheOnly);

    /// <summary>The instruction of a Containerfile that gives a wish.</summary>
    /// <param name="wish">The wish, not empty.</param>
    /// <param name="files">The paths of its package files in the build.</param>
    string DescribeBuild(PackageWish wish, IReadOnlyList<string> files);
}
