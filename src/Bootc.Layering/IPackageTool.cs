// What layering needs of a distribution's package tools.
using Bootc.Deployments;

namespace Bootc.Layering;

/// <summary>The solver and installer that an image has, run in a sandbox over it.</summary>
internal interface IPackageTool
{
    /// <summary>Fetches the lists of repositories and checks their signatures.</summary>
    /// <exception cref="LayeringException">A list cannot be had, or is signed by nobody whom the host trusts.</exception>
    void Refresh(CancellationToken cancellation);

    /// <summary>Finds out what a wish comes to.</summary>
    /// <exception cref="LayeringException">It comes to nothing: the message says which package and why.</exception>
    IReadOnlyList<PackageChange> Solve(PackageWish wish, CancellationToken cancellation);

    /// <summary>Fetches the files of packages, and checks them against the lists.</summary>
    /// <exception cref="LayeringException">One cannot be had.</exception>
    void Download(PackageWish wish, CancellationToken cancellation);

    /// <summary>Changes the root, without the network.</summary>
    /// <exception cref="LayeringException">A script of a package failed; its output is in the message.</exception>
    void Install(PackageWish wish, CancellationToken cancellation);
}
