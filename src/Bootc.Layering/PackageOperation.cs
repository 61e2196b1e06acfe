// package install, uninstall, override, reset: another wish on the same image.
using Bootc.Deployments;
using Bootc.Import;
using Bootc.Import.Packages;
using Bootc.Oci;
using Bootc.Ostree;

namespace Bootc.Layering;

/// <summary>
/// Changes what a host wants besides its image, and makes a deployment of the image with it that boots next; on a running host
/// it is staged, and waits with an update that waits to be released. The deployment before stays to fall back to.
/// </summary>
public sealed partial class PackageOperation(Sysroot sysroot, OciOptions oci, IOperationProgress progress)
{
    /// <summary>Finds out what would be done, and changes nothing.</summary>
    public bool DryRun { get; init; }

    /// <summary>Uses only what the host fetched before.</summary>
    public bool CacheOnly { get; init; }

    /// <summary>What is so already is no error.</summary>
    public bool Idempotent { get; init; }

    /// <summary>Packages may be wanted that the image has already.</summary>
    public bool AllowInactive { get; init; }

    /// <summary>On a running host: the new deployment waits to be released before shutdown makes it bootable.</summary>
    public bool DownloadOnly { get; init; }

    /// <summary>What is done with packages, told from those that boot next so far, once it is known; <see langword="null"/> where it has nothing to do with packages.</summary>
    public PackageTransaction? Transaction { get; private set; }

    /// <summary>Wants packages besides those of the image.</summary>
    /// <param name="packages">Names, perhaps with an architecture or a version as the image's package system writes them, and paths of package files.</param>
    /// <param name="cancellation">Ends the operation.</param>
    /// <exception cref="LayeringException">One is wanted already, is no package, or cannot be had.</exception>
    public OperationOutcome Install(IReadOnlyList<string> packages, CancellationToken cancellation) => Run((wish, current) =>
    {
        string[] names = [.. packages.Where(package => !IsFile(package)).Distinct()];
        IPackageSystem system = SystemOf(current);
        RequireNames(names, system);
        if (!Idempotent && names.FirstOrDefault(wish.Requested.Contains) is { } known)
        {
            throw new LayeringException($"{known} is wanted already; with --idempotent that is no error");
        }

        if (wish.Removed.FirstOrDefault(removed => names.Any(name => system.Means(name, removed))) is { } left)
        {
            throw new LayeringException($"{left} is a package of the image that is left out: 'bootc package override reset {left}' has it again");
        }

        RefuseInactive(names, system, current);
        LocalPackage[] files = Take(packages.Where(IsFile), current, cancellation);
        HashSet<string> replaced = [.. files.Select(file => file.Name)];
        IReadOnlyList<Package> present = ReadPackages(current);

        // Of two wishes for versions of one package the later counts.
        return wish with
        {
            Requested = [.. wish.Requested.Where(known => names.Contains(known) || !names.Any(name => system.Means(name, system.NameIn(known, present)))), .. names.Except(wish.Requested)],
            Local = [.. wish.Local.Where(package => !replaced.Contains(package.Name)), .. files],
        };
    }, cancellation);

    /// <summary>Wants packages no more that were added to the image.</summary>
    /// <exception cref="LayeringException">One was not added.</exception>
    public OperationOutcome Uninstall(IReadOnlyList<string> packages, CancellationToken cancellation) => Run((wish, current) =>
    {
        // A version that was asked for goes by the package's name too.
        IPackageSystem? system = wish.Requested.Count == 0 ? null : SystemOf(current);
        IReadOnlyList<Package> present = ReadPackages(current);
        string[] gone = [.. wish.Requested.Where(known => packages.Contains(known) || packages.Except(wish.Requested).Contains(system!.NameIn(known, present)))];
        string? unknown = packages.FirstOrDefault(name => !gone.Any(known => known == name || system!.NameIn(known, present) == name) && !wish.Local.Any(package => IsNamed(package, name)));
        if (unknown is not null && !Idempotent)
        {
            throw new LayeringException($"{unknown} is not among the packages that were added to the image ({List(wish.Requested.Concat(wish.Local.Select(package => package.Name)))})");
        }

        return wish with { Requested = [.. wish.Requested.Except(gone)], Local = [.. wish.Local.Where(package => !packages.Any(name => IsNamed(package, name)))] };
    }, cancellation);

    /// <summary>Wants none of the packages any more that were added to the image; what is left out and replaced stays so.</summary>
    public OperationOutcome UninstallAll(CancellationToken cancellation) => Run((wish, _) => wish with { Requested = [], Local = [] }, cancellation);

    /// <summary>Wants packages of the image no more.</summary>
    /// <exception cref="LayeringException">The image does not have one, or cannot do without it.</exception>
    public OperationOutcome OverrideRemove(IReadOnlyList<string> packages, CancellationToken cancellation) => Run((wish, current) =>
    {
        HashSet<string> present = [.. ReadImagePackages(current).Select(package => package.Name)];
        if (packages.FirstOrDefault(name => !present.Contains(name)) is { } unknown)
        {
            throw new LayeringException($"the image has no package {unknown} that could be removed");
        }

        IPackageSystem system = SystemOf(current);
        return wish with
        {
            Requested = [.. wish.Requested.Where(known => !packages.Any(name => system.Means(known, name)))], // was inactive
            Removed = [.. wish.Removed.Union(packages)],
            Replaced = [.. wish.Replaced.Where(package => !packages.Contains(package.Name))],
        };
    }, cancellation);

    /// <summary>Wants the packages in files in place of those of the image.</summary>
    /// <exception cref="LayeringException">The image has none of that name.</exception>
    public OperationOutcome OverrideReplace(IReadOnlyList<string> files, CancellationToken cancellation) => Run((wish, current) =>
    {
        HashSet<string> present = [.. ReadImagePackages(current).Select(package => package.Name)];
        LocalPackage[] packages = Take(files, current, cancellation);
        if (packages.Select(package => package.Name).FirstOrDefault(name => !present.Contains(name)) is { } unknown)
        {
            throw new LayeringException($"the image has no package {unknown} that could be replaced; 'bootc package install' adds one");
        }

        HashSet<string> replaced = [.. packages.Select(package => package.Name)];
        return wish with { Removed = [.. wish.Removed.Except(replaced)], Replaced = [.. wish.Replaced.Where(package => !replaced.Contains(package.Name)), .. packages] };
    }, cancellation);

    /// <summary>Wants packages again as the image has them.</summary>
    /// <param name="packages">The packages; all when there are none.</param>
    /// <param name="cancellation">Ends the operation.</param>
    /// <exception cref="LayeringException">One was neither removed nor replaced.</exception>
    public OperationOutcome OverrideReset(IReadOnlyList<string> packages, CancellationToken cancellation) => Run((wish, _) =>
    {
        if (packages.Count == 0)
        {
            return wish with { Removed = [], Replaced = [] };
        }

        string[] overridden = [.. wish.Removed.Concat(wish.Replaced.Select(package => package.Name))];
        if (packages.FirstOrDefault(name => !overridden.Contains(name)) is { } unknown)
        {
            throw new LayeringException($"{unknown} is neither removed nor replaced ({List(overridden)})");
        }

        return wish with { Removed = [.. wish.Removed.Except(packages)], Replaced = [.. wish.Replaced.Where(package => !packages.Contains(package.Name))] };
    }, cancellation);

    /// <summary>Wants these packages from repositories besides those of the image, and no others; what was given as files stays.</summary>
    /// <exception cref="LayeringException">One is no package, or cannot be had.</exception>
    public OperationOutcome SetRequested(IReadOnlyList<string> packages, CancellationToken cancellation) => Run((wish, current) =>
    {
        RequireNames(packages, SystemOf(current));
        return wish with { Requested = packages };
    }, cancellation);

    /// <summary>Wants the image alone.</summary>
    public OperationOutcome Reset(CancellationToken cancellation) => Run((_, _) => new PackageWish(), cancellation);

    /// <summary>Looks for newer packages of the same wish.</summary>
    /// <exception cref="LayeringException">Nothing was added to the image, or what was cannot be had any more.</exception>
    public OperationOutcome Refresh(CancellationToken cancellation) => Run((wish, _) => wish, cancellation, isRefresh: true);

    private OperationOutcome Run(Func<PackageWish, Deployment, PackageWish> change, CancellationToken cancellation, bool isRefresh = false) =>
        Run(current => current.Origin.WithPackages(change(current.Origin.Packages, current)), cancellation, isRefresh);

    private OperationOutcome Run(Func<Deployment, Origin> change, CancellationToken cancellation, bool isRefresh = false)
    {
        using SysrootLock held = sysroot.Lock(progress, cancellation);
        Deployment current = sysroot.Default ?? throw new LayeringException($"{sysroot.Path} has no deployment that packages could be added to; choose an image with 'bootc switch'");
        StoredImage image = RequireImage(current);
        if (ApplyLive && sysroot.Booted is null)
        {
            throw new LayeringException($"only the running host can be changed while it runs, and {sysroot.Path} is not what it runs");
        }

        Origin origin = change(current);
        if (!isRefresh && origin.File.ToString() == current.Origin.ForNewDeployment().File.ToString())
        {
            sysroot.CleanUp(); // what a run that was killed after its last rename left undone, and package files that were looked at
            progress.Message("What the host wants besides its image is unchanged");
            return OperationOutcome.Unchanged;
        }

        var layering = new PackageLayering { CacheOnly = CacheOnly };
        var context = new OperationContext(sysroot, oci, progress) { Deriver = layering };
        var pulled = new PulledImage(image, LayerFacts.Load(sysroot.Repository, image));
        return DryRun
            ? Simulate(layering, context, pulled, origin, current, cancellation)
            : Deploy(layering, context, pulled, origin, current, isRefresh, cancellation);
    }

    private OperationOutcome Simulate(PackageLayering layering, OperationContext context, PulledImage image, Origin origin, Deployment current, CancellationToken cancellation)
    {
        PackageTransaction solved = origin.IsImageAlone
            ? PackageTransaction.Empty
            : layering.Solve(new DeriveRequest { Sysroot = sysroot, Image = image, Origin = origin, Merge = context.Current, LooksForNewer = true, Progress = progress }, cancellation);
        IReadOnlyList<Package> packages = PackageDatabase.Read(sysroot.Repository, image.Image.MergeCommit) ?? [];
        Transaction = HasPackages(current, origin) ? PackageTransaction.Between(ReadPackages(current), solved.ApplyTo(packages), solved, solved.Inactive) : null;

        sysroot.CleanUp(); // of package files that were looked at
        return OperationOutcome.Unchanged;
    }

    private OperationOutcome Deploy(
        PackageLayering layering, OperationContext context, PulledImage image, Origin origin, Deployment current, bool isRefresh, CancellationToken cancellation)
    {
        if (isRefresh && origin.IsImageAlone)
        {
            throw new LayeringException("nothing was added to the image: 'bootc upgrade' looks for a newer image");
        }

        DerivedCommit derived = context.Derive(image, origin, isRefresh, cancellation);
        if (ApplyLive)
        {
            new LiveChange(sysroot, progress) { AllowReplacement = AllowReplacement }.Require(derived.Commit);
        }

        if (isRefresh && derived.Commit == current.Commit)
        {
            progress.Message("There are no newer packages");
            return OperationOutcome.Unchanged;
        }

        IReadOnlyList<Package> before = ReadPackages(current);
        bool isLocked = DownloadOnly || (current.IsStaged && sysroot.IsStagedLocked);
        Deployment deployment = context.Deploy(derived, origin, retain: false, isLocked, cancellation);
        if (HasPackages(current, origin))
        {
            Transaction = PackageTransaction.Between(before, ReadPackages(deployment), layering.Transaction, PackageWish.ReadInactive(sysroot.Repository, deployment.Commit));
        }

        context.CleanUp();
        progress.Message($"{Bootc.Deployments.Describe.State(sysroot, isLocked)}: {origin.Image!.Image} {Describe(origin)}");
        if (ApplyLive)
        {
            MakeLive(deployment);
        }

        return Deployments.Describe.Outcome(sysroot, isLocked);
    }

    private static string Describe(Origin origin)
    {
        PackageWish wish = origin.Packages;
        string packages = wish.IsEmpty ? "without further packages" : $"with {List(wish.Requested.Concat(wish.LocalFiles.Select(package => package.Name)).Concat(wish.Removed.Select(name => $"{name} removed")))}";
        return origin.Initramfs.IsEmpty ? packages : $"{packages} and an initramfs of its own";
    }

    private LocalPackage[] Take(IEnumerable<string> files, Deployment current, CancellationToken cancellation)
    {
        var packages = new List<LocalPackage>();
        IPackageSystem system = SystemOf(current);
        foreach (string file in files)
        {
            LocalPackage package = LocalPackages.Identify(system, Path.Combine(sysroot.Path, current.Path), file, cancellation);
            LocalPackages.Add(sysroot.Repository, package, file, system.Extension);
            packages.Add(package);
        }

        return [.. packages];
    }

    private void RefuseInactive(string[] names, IPackageSystem system, Deployment current)
    {
        if (AllowInactive || names.Length == 0)
        {
            return;
        }

        HashSet<string> present = [.. ReadImagePackages(current).SelectMany(system.NamesOf)];
        if (names.FirstOrDefault(present.Contains) is { } inactive)
        {
            throw new LayeringException($"the image has {inactive} already; with --allow-inactive it is wanted for the day when an image comes that has not");
        }
    }

    // Who asks for another initramfs is not told of packages.
    private static bool HasPackages(Deployment current, Origin origin) => !current.Origin.Packages.IsEmpty || !origin.Packages.IsEmpty;

    private IReadOnlyList<Package> ReadPackages(Deployment current) => PackageDatabase.Read(sysroot.Repository, current.Commit) ?? [];

    private IReadOnlyList<Package> ReadImagePackages(Deployment current) =>
        PackageDatabase.Read(sysroot.Repository, ImageStore.BaseOf(sysroot.Repository, current.Commit)) ?? [];

    private IPackageSystem SystemOf(Deployment current) => PackageSystems.Find(sysroot.Repository, ImageStore.BaseOf(sysroot.Repository, current.Commit));

    private static bool IsFile(string package) =>
        package.Contains('/') || package.EndsWith(".deb", StringComparison.Ordinal) || package.EndsWith(".rpm", StringComparison.Ordinal);

    private static bool IsNamed(LocalPackage package, string name) => name == package.Name || name == package.Identity || name == package.Sha256;

    private static string List(IEnumerable<string> names) => string.Join(", ", names.DefaultIfEmpty("there are none"));

    /// <summary>Whether a text can be the name of a package of a repository, perhaps with an architecture or a version, in an image of any kind.</summary>
    public static bool IsPackageName(string name) => PackageSystems.IsName(name);

    private static void RequireNames(IEnumerable<string> names, IPackageSystem system)
    {
        if (names.FirstOrDefault(name => !system.IsName(name)) is { } wrong)
        {
            throw new LayeringException($"'{wrong}' is no name of a package: {system.NameForms}, or the path of a package file");
        }
    }
}
