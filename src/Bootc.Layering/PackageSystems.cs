// Which package system an image is made with.
using Bootc.Layering.Apt;
using Bootc.Layering.Rpm;
using Bootc.Ostree;
using Bootc.Ostree.Objects;

namespace Bootc.Layering;

/// <summary>Finds the package system by the database that an image has. One in <c>/var</c> would be the host's, and say what another deployment has.</summary>
internal static class PackageSystems
{
    private const string RpmFile = "rpmdb.sqlite";
    private static readonly string[] RpmDirectories = ["usr/lib/sysimage/rpm", "usr/share/rpm"];
    private static readonly string[] OtherRpmFiles = ["Packages", "Packages.db"];

    /// <summary>Whether any of the systems takes a text for the name of a package.</summary>
    public static bool IsName(string text) => new DpkgSystem().IsName(text) || RpmSystem.IsPackageName(text);

    /// <summary>The system of an image.</summary>
    /// <exception cref="LayeringException">It has none to which packages could be added; the message says why.</exception>
    public static IPackageSystem Find(Repository repository, Checksum image)
    {
        CommitTree tree = repository.OpenTree(image);
        return TryFind(tree) ?? throw new LayeringException(Explain(tree));
    }

    /// <summary>The system of an image, if it has one that is known.</summary>
    public static IPackageSystem? TryFind(Repository repository, Checksum image) => TryFind(repository.OpenTree(image));

    private static IPackageSystem? TryFind(CommitTree tree)
    {
        if (tree.TryGetFile($"{DpkgSystem.Database}/status") is not null)
        {
            return new DpkgSystem();
        }

        return FindRpmDatabase(tree) is { } database && DnfTool.Programs.FirstOrDefault(name => tree.TryGetFile($"usr/bin/{name}") is not null) is { } program
            ? new RpmSystem(database, program, tree)
            : null;
    }

    private static string? FindRpmDatabase(CommitTree tree) => RpmDirectories.FirstOrDefault(directory => tree.TryGetFile($"{directory}/{RpmFile}") is not null);

    private static string Explain(CommitTree tree)
    {
        if (FindRpmDatabase(tree) is not null)
        {
            return "the image is made of RPM packages, and has neither dnf5 nor dnf to add others";
        }

        if (tree.TryGetDirectory("var/lib/dpkg") is not null)
        {
            return $"the image keeps its package database in /var, where it is lost: an image that takes packages has it in /{DpkgSystem.Database}, and /var/lib/dpkg is a link to it";
        }

        if (tree.TryGetFile($"var/lib/rpm/{RpmFile}") is not null)
        {
            return $"the image keeps its package database in /var, where it is lost: an image that takes packages has it in /{RpmDirectories[0]}, and its macro %_dbpath says so";
        }

        return RpmDirectories.SelectMany(directory => OtherRpmFiles.Select(name => $"{directory}/{name}")).FirstOrDefault(path => tree.TryGetFile(path) is not null) is { } other
            ? $"the image's rpm database /{other} is not of SQLite (macro %_db_backend), and no other kind is known"
            : $"the image has no package database in /{DpkgSystem.Database} or /{RpmDirectories[0]}, and no other one is known: packages can be added to images made of Debian or RPM packages";
    }
}
