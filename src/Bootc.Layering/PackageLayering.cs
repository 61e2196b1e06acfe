// derive: packages on top of an image, by the tools that the image has.
using System.Globalization;
using Bootc.Composefs;
using Bootc.Deployments;
using Bootc.Import;
using Bootc.Import.Packages;
using Bootc.Import.SELinux;
using Bootc.Layering.Apt;
using Bootc.Linux;
using Bootc.Ostree;
using Bootc.Ostree.GVariant;
using Bootc.Ostree.Objects;

namespace Bootc.Layering;

/// <summary>
/// Makes of an image's commit one with the packages that an origin wants. The same image, wish and packages give the same
/// commit, and what a deployment has already is not made again.
/// </summary>
public sealed partial class PackageLayering : IDeriver
{
    /// <summary>The key of a commit's metadata with the SHA-256 of all that it was derived of, in hexadecimal.</summary>
    public const string InputHashKey = "bootc.input-hash";

    /// <summary>The key of a commit's metadata with what was done with packages: <c>Install NAME VERSION</c> and the like.</summary>
    public const string ChangesKey = "bootc.package-changes";

    // Made and filled by whoever boots, and by the sandbox.
    private static readonly string[] NotOfTheImage = ["boot", "dev", "etc", "ostree", "proc", "run", "sys", "sysroot", "tmp", "var"];
    private static readonly string[] VarFolders = ["lib", "log", "cache", "spool", "home", "opt", "srv", "mnt", "usrlocal"];

    /// <summary>Whether only packages are used that the host fetched before.</summary>
    public bool CacheOnly { get; init; }

    /// <summary>The wish as it was solved last; <see langword="null"/> where that was not needed.</summary>
    public PackageTransaction? Transaction { get; private set; }

    /// <inheritdoc/>
    public DerivedCommit Derive(DeriveRequest request, CancellationToken cancellation)
    {
        if (FindUnchanged(request, cancellation) is { } unchanged)
        {
            return unchanged;
        }

        DerivedCommit? derived = null;
        Mounts.RunInPrivateNamespace(() => derived = Run(request, dryRun: false, cancellation));
        return derived!;
    }

    /// <summary>Finds out what a wish comes to, and changes nothing.</summary>
    /// <exception cref="LayeringException">It comes to nothing.</exception>
    public PackageTransaction Solve(DeriveRequest request, CancellationToken cancellation)
    {
        Mounts.RunInPrivateNamespace(() => Run(request, dryRun: true, cancellation));
        return Transaction ?? PackageTransaction.Empty;
    }

    /// <summary>Finds out what a wish comes to, and changes nothing; <see langword="null"/> where it comes to what a deployment has.</summary>
    /// <exception cref="LayeringException">It comes to nothing.</exception>
    internal PackageTransaction? SolveUnlessUnchanged(DeriveRequest request, CancellationToken cancellation) =>
        FindUnchanged(request, cancellation) is null ? Solve(request, cancellation) : null;

    /// <summary>Finds packages by words.</summary>
    /// <exception cref="LayeringException">The image has no tool for that, or no list can be had.</exception>
    internal IReadOnlyList<FoundPackage> Search(DeriveRequest request, IReadOnlyList<string> terms, CancellationToken cancellation)
    {
        IReadOnlyList<FoundPackage> found = [];
        IPackageSystem system = PackageSystems.Find(request.Sysroot.Repository, request.Image.Image.MergeCommit);
        Mounts.RunInPrivateNamespace(() =>
        {
            using LayerRoot root = LayerRoot.Mount(request.Sysroot, request.Image.Image.MergeCommit, () => MakeComposefs(request));
            IPackageTool tool = system.CreateTool(Prepare(request, root, system, cancellation), root, FindEtc(request), FindCache(request, system), CacheOnly);
            IPackageSearch search = tool as IPackageSearch ?? throw new LayeringException("packages cannot be searched with the tools that the image has");
            if (!HasNewestLists(request, system, cancellation))
            {
                request.Progress.Step("Fetching lists of packages");
                tool.Refresh(cancellation);
            }

            found = search.Search(terms, cancellation);
        });
        return found;
    }

    private DerivedCommit? Run(DeriveRequest request, bool dryRun, CancellationToken cancellation)
    {
        Sysroot sysroot = request.Sysroot;
        Checksum image = request.Image.Image.MergeCommit;
        IPackageSystem? system = FindSystem(request);
        using LayerRoot root = LayerRoot.Mount(sysroot, image, () => MakeComposefs(request));
        Sandbox sandbox = Prepare(request, root, system, cancellation);
        (PackageWish wish, string[] inactive) = SplitInactive(request.Origin.Packages, system, sysroot.Repository, image);
        IPackageTool? tool = system is null ? null : OpenTool(request, root, system, sandbox, wish);
        Transaction = tool is null ? null : Solve(request, tool, wish, inactive, cancellation);
        PackageTransaction transaction = Transaction ?? PackageTransaction.Empty;
        TellInactive(request, inactive);
        if (dryRun)
        {
            return null;
        }

        string? key = HashInputs(request, system); // with the lists as they are now
        string hash = transaction.HashInputs(image, request.Origin.Packages, InitramfsFiles.Hash(request.Origin.Initramfs, FindEtc(request)));
        if (FindMade(sysroot, hash) is { } made)
        {
            Remember(request, system, key, made);
            return new DerivedCommit(made, null, request.Image.Facts.TryGet);
        }

        if (transaction.Changes.Count > 0)
        {
            Install(request, root, sandbox, tool!, wish, cancellation);
        }

        request.Progress.Step("Looking after kernel and initramfs");
        new KernelFiles(root, sandbox, request.Origin.Initramfs, FindEtc(request)).Update(cancellation);
        DerivedCommit derived = Store(request, root, system, transaction, hash, cancellation);
        Remember(request, system, key, derived.Commit);
        return derived;
    }

    // Without packages there is no need of a tool for them.
    private static IPackageSystem? FindSystem(DeriveRequest request) =>
        request.Origin.Packages.IsEmpty ? null : PackageSystems.Find(request.Sysroot.Repository, request.Image.Image.MergeCommit);

    private IPackageTool OpenTool(DeriveRequest request, LayerRoot root, IPackageSystem system, Sandbox sandbox, PackageWish wish)
    {
        LocalPackages.Provide(request.Sysroot.Repository, wish.LocalFiles, $"{root.WorkPath}/local");
        return system.CreateTool(sandbox, root, FindEtc(request), FindCache(request, system), CacheOnly);
    }

    private static PackageTransaction Solve(DeriveRequest request, IPackageTool tool, PackageWish wish, string[] inactive, CancellationToken cancellation)
    {
        try
        {
            request.Progress.Step("Looking for packages");
            tool.Refresh(cancellation);
            IReadOnlyList<PackageChange> changes = tool.Solve(wish, cancellation);
            RequireNothingElseRemoved(changes, wish);
            return new PackageTransaction(changes, inactive);
        }
        catch (LayeringException e)
        {
            throw new LayeringException($"the packages that the host wants ({Describe(request.Origin.Packages)}) cannot be had with {request.Origin.Image?.Image}{Describe(request.Image.Image)}: {e.Message}");
        }
    }

    private static void Install(DeriveRequest request, LayerRoot root, Sandbox sandbox, IPackageTool tool, PackageWish wish, CancellationToken cancellation)
    {
        request.Progress.Step("Fetching packages");
        tool.Download(wish, cancellation);
        request.Progress.Step("Installing packages");
        VarContent var = VarContent.Before(root.Var);
        Accounts accounts = Accounts.Before(root.Path);
        tool.Install(wish, cancellation);
        accounts.WriteRules();
        var.WriteTo(root.Path);
    }

    private static DerivedCommit Store(DeriveRequest request, LayerRoot root, IPackageSystem? system, PackageTransaction solved, string hash, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        request.Progress.Step("Storing what changed");
        Repository repository = request.Sysroot.Repository;
        Checksum image = request.Image.Image.MergeCommit;
        MutableTree tree = MutableTree.FromCommit(repository, image);
        UpperLayer layer = WriteObjects(repository, root, system, tree);
        LayerFacts labelled = DerivedLabels.Apply(repository, tree, request.Image.Facts, cancellation);
        FileFacts? Facts(Checksum file) => layer.Facts.GetValueOrDefault(file) ?? labelled.TryGet(file) ?? request.Image.Facts.TryGet(file);

        // The second transaction, since the composefs image is made of directories' metadata that the repository shows.
        using RepositoryTransaction transaction = repository.BeginTransaction();
        (Checksum rootTree, Checksum rootMeta) = tree.Write(transaction);
        UnnamedImage composefs = CommitComposefs.Write(transaction, rootTree, rootMeta, CommitImage.TryOpen(repository, image, root.ImagePath), Facts, request.KnownDigests);
        var metadata = new VariantDictionary
        {
            { CommitComposefs.DigestKey, GVariantValue.FromBytes(composefs.Digest.ToArray()) },
            { ImageStore.BaseCommitKey, GVariantValue.FromString(image.ToString()) },
            { InputHashKey, GVariantValue.FromString(hash) },
            { ChangesKey, GVariantValue.FromStringArray(solved.Changes.Select(change => $"{change.Action} {change.Name} {change.After ?? change.Before}")) },
            { PackageWish.InactiveKey, GVariantValue.FromStringArray(solved.Inactive) },
        };
        ulong timestamp = repository.LoadCommit(image).Timestamp; // no time of its own: the same inputs give the same commit
        Checksum commit = transaction.WriteCommit(new Commit(metadata, image, "", "", timestamp, rootTree, rootMeta));
        transaction.Commit();
        return new DerivedCommit(commit, composefs, Facts);
    }

    private static UpperLayer WriteObjects(Repository repository, LayerRoot root, IPackageSystem? system, MutableTree tree)
    {
        using RepositoryTransaction transaction = repository.BeginTransaction();
        var layer = new UpperLayer(transaction, path => IsExcluded(path, system, tree));
        using DirectoryHandle upper = DirectoryHandle.Open(root.Upper);
        using DirectoryHandle merged = DirectoryHandle.Open(root.Path);
        layer.Apply(upper, merged, tree);
        transaction.Commit();
        return layer;
    }

    // Accounts are the host's own, and locks and backups of databases nobody's.
    private static bool IsExcluded(string path, IPackageSystem? system, MutableTree tree)
    {
        if (!path.Contains('/'))
        {
            return NotOfTheImage.Contains(path);
        }

        return Accounts.IsAccountFile(path)
            || system?.IsVolatile(path) == true
            || (path == "usr/etc/resolv.conf" && tree.TryGetDirectory("usr")?.TryGetDirectory("etc")?.TryGetFile("resolv.conf") is null);
    }

    private static Sandbox Prepare(DeriveRequest request, LayerRoot root, IPackageSystem? system, CancellationToken cancellation)
    {
        Repository repository = request.Sysroot.Repository;
        Checksum image = request.Image.Image.MergeCommit;
        using (DirectoryHandle var = DirectoryHandle.Open(root.Var))
        {
            if (repository.OpenTree(image).TryGetDirectory("var") is { } content && content.Files.Count + content.Directories.Count > 0)
            {
                repository.CheckoutTree(image, var, ".", new CheckoutOptions { ForceCopy = true, Union = true, Subpath = "var" });
            }

            foreach (string folder in VarFolders)
            {
                var.EnsureDirectory(folder).Dispose();
            }

            var.EnsureDirectory("roothome", 0x1C0).Dispose();
            using (DirectoryHandle temporary = var.EnsureDirectory("tmp"))
            {
                temporary.Handle.SetMode(0x3FF, temporary.DisplayPath);
            }

            system?.PrepareVar(var);
        }

        Sandbox sandbox = Sandbox.Over(root.Path, root.Var).Set("SOURCE_DATE_EPOCH", repository.LoadCommit(image).Timestamp.ToString(CultureInfo.InvariantCulture));
        if (File.Exists($"{root.Path}/usr/bin/systemd-tmpfiles"))
        {
            sandbox.Run(["systemd-tmpfiles", "--create", "--prefix=/var"], cancellation); // as the image's own boot would; what it cannot make is no matter here
        }

        return sandbox;
    }

    private static UnnamedImage MakeComposefs(DeriveRequest request)
    {
        if (request.Image.Composefs is { } made)
        {
            return made;
        }

        Repository repository = request.Sysroot.Repository;
        Checksum commit = request.Image.Image.MergeCommit;
        return CommitComposefs.Write(repository, commit, request.Sysroot.FindImageLike(commit), request.Image.Facts.TryGet, request.KnownDigests);
    }

    private static string FindCache(DeriveRequest request, IPackageSystem? system) =>
        FindCache(request.Sysroot, request.Merge?.Stateroot ?? request.Sysroot.ListStateroots()[0], system?.CacheName ?? DpkgSystem.Cache);

    /// <summary>The path of the lists and packages that a stateroot's deployments fetched.</summary>
    /// <param name="sysroot">The sysroot.</param>
    /// <param name="stateroot">The stateroot.</param>
    /// <param name="name">The name that the package system has for its cache.</param>
    internal static string FindCache(Sysroot sysroot, string stateroot, string name) => Path.Combine(sysroot.Path, $"ostree/deploy/{stateroot}/var/cache/bootc/{name}");

    // A version that is wanted by name is one that the image need not have.
    private static (PackageWish Wish, string[] Inactive) SplitInactive(PackageWish wish, IPackageSystem? system, Repository repository, Checksum image)
    {
        if (system is null)
        {
            return (wish, []);
        }

        HashSet<string> present = [.. (PackageDatabase.Read(repository, image) ?? []).SelectMany(system.NamesOf)];
        string[] known = [.. wish.Requested.Where(present.Contains)];
        string[] missing = [.. wish.Removed.Where(name => !present.Contains(name))];
        return (wish with { Requested = [.. wish.Requested.Except(known)], Removed = [.. wish.Removed.Except(missing)] }, [.. known, .. missing]);
    }

    private static void RequireNothingElseRemoved(IReadOnlyList<PackageChange> changes, PackageWish wish)
    {
        string[] removed = [.. changes.Where(change => change.Action == PackageAction.Remove && !wish.Removed.Contains(change.Name)).Select(change => change.Name)];
        if (removed.Length > 0)
        {
            throw new LayeringException($"they would remove {string.Join(", ", removed)} from the image, which nobody asked for; 'bootc package override remove' does");
        }
    }

    private static void TellInactive(DeriveRequest request, IReadOnlyList<string> inactive)
    {
        foreach (string name in inactive)
        {
            request.Progress.Message(request.Origin.Packages.Requested.Contains(name)
                ? $"The image has {name} itself: the wish for it is kept, and inactive"
                : $"The image does not have {name}: the wish to remove it is kept, and inactive");
        }
    }

    private static Checksum? FindMade(Sysroot sysroot, string hash)
    {
        foreach (Deployment deployment in sysroot.Deployments)
        {
            if (sysroot.Repository.LoadCommit(deployment.Commit).Metadata.TryGetString(InputHashKey) == hash)
            {
                return deployment.Commit;
            }
        }

        return null;
    }

    private static string Describe(StoredImage image) => image.Version is { } version ? $" (version {version})" : "";

    private static string Describe(PackageWish wish) =>
        string.Join(", ", wish.Requested.Concat(wish.LocalFiles.Select(package => package.Identity)).Concat(wish.Removed.Select(name => $"without {name}")));
}
