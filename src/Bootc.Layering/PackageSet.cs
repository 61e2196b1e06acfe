// package diff: the packages of one of the host's deployments, by the name that people have for it.
using System.Globalization;
using Bootc.Deployments;
using Bootc.Import;
using Bootc.Import.Packages;
using Bootc.Ostree.Objects;

namespace Bootc.Layering;

/// <summary>The packages of a deployment or of its image.</summary>
/// <param name="Name">What was named.</param>
/// <param name="Packages">The packages.</param>
public sealed record PackageSet(string Name, IReadOnlyList<Package> Packages)
{
    /// <summary>The names that stand for deployments, besides places in the boot order such as <c>0</c>.</summary>
    public static IReadOnlyList<string> Names { get; } = ["booted", "next", "rollback", "image"];

    /// <summary>What is compared unless something else is named: what runs with what boots next or, where that is the same, its image with it.</summary>
    public static (string From, string To) FindDefault(Sysroot sysroot) =>
        sysroot.Booted is { } booted && !booted.IsSame(sysroot.Default) ? ("booted", "next") : ("image", "next");

    /// <summary>Reads the packages of a deployment.</summary>
    /// <param name="sysroot">The sysroot.</param>
    /// <param name="name"><c>booted</c>, <c>next</c>, <c>rollback</c>, a place in the boot order, or <c>image</c> for the image of the one that boots next.</param>
    /// <exception cref="LayeringException">There is none of that name, or its packages are not known.</exception>
    public static PackageSet Read(Sysroot sysroot, string name)
    {
        Deployment deployment = Find(sysroot, name) ?? throw new LayeringException($"there is no deployment '{name}': booted, next, rollback, image, or a number from 0 to {sysroot.Deployments.Count - 1}");
        Checksum commit = name == "image" ? ImageStore.BaseOf(sysroot.Repository, deployment.Commit) : deployment.Commit;
        return new PackageSet(name, PackageDatabase.Read(sysroot.Repository, commit) ?? throw new LayeringException($"{deployment.DirectoryName} has no database of packages that is known"));
    }

    private static Deployment? Find(Sysroot sysroot, string name) => name switch
    {
        "booted" => sysroot.Booted,
        "next" or "image" => sysroot.Default,
        "rollback" => sysroot.Deployments.SkipWhile(deployment => !deployment.IsSame(sysroot.Current)).Skip(1).FirstOrDefault(),
        _ => int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out int index) ? sysroot.Deployments.ElementAtOrDefault(index) : null,
    };
}
