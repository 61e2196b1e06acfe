// derive: packages on top of an image, by the tools that the image has.
using System.Globalization;
using Bootc.Composefs;
using Bootc.Composefs.FsVerity;
using Bootc.Deployments;
using Bootc.Import;
using Bootc.Import.Packages;
using Bootc.Linux;
using Bootc.Ostree;
using Bootc.Ostree.GVariant;
using Bootc.Ostree.Objects;

namespace Bootc.Layering;

/// <summary>
/// Makes of an image's commit one with the packages that an origin wants. The same image, wish and packages give the same
/// commit, and what a deployment has already is not made again.
/// </summary>
public sealed class PackageLayering : IDeriver
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

    /// <summary>The wish as it was solved last.</summary>
    public PackageTransaction? Transaction { get; private set; }

    /// <inheritdoc/>
    public DerivedCommit Derive(DeriveRequest request, CancellationToken cancellation)
    {
        DerivedCommit? derived = null;
        Mounts.RunInPrivateNamespace(() => derived = Run(request, dryRun: false, cancellation));
        return derived!;
    }

    /// <summary>Finds out what a wish comes to, and changes nothing.</summary>
    /// <exception cref="LayeringException">It comes to nothing.</exception>
    public PackageTransaction Solve(DeriveRequest request, CancellationToken cancellation)
    {
        Mounts.RunInPrivateNamespace(() => Run(request, dryRun: true, cancellation));
        return Transaction!;
    }

    private DerivedCommit? Run(DeriveRequest request, bool dryRun, CancellationToken cancellation)
    {
        Sysroot sysroot = request.Sysroot;
        Checksum image = request.Image.Image.MergeCommit;
        IPackageSystem system = PackageSystems.Find(sysroot.Repository, image);
        using LayerRoot root = LayerRoot.Mount(sysroot, image, () => MakeComposefs(request));
        Sandbox sandbox = Prepare(request, root, system, cancellation);
        (PackageWish wish, string[] inactive) = SplitInactive(request.Origin.Packages, system, sysroot.Repository, image);
        LocalPackages.Provide(sysroot.Repository, wish.LocalFiles, $"{root.WorkPath}/local");
        IPackageTool tool = system.CreateTool(sandbox, root, FindEtc(request), FindCache(request, system), CacheOnly);
        PackageTransaction transaction = Transaction = Solve(request, tool, wish, inactive, cancellation);
        TellInactive(request, inactive);
        if (dryRun)
        {
            return null;
        }

        string hash = transaction.HashInputs(image, request.Origin.Packages);
        if (FindMade(sysroot, hash) is { } made)
        {
            return new DerivedCommit(made, null, request.Image.Facts.TryGet);
        }

        if (transaction.Changes.Count > 0)
        {
            Install(request, root, sandbox, tool, wish, cancellation);
        }

        return Store(request, root, system, transaction, hash, cancellation);
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
        request.Progress.Step("Looking after kernel and initramfs");
        new KernelFiles(root, sandbox).Update(cancellation);
        accounts.WriteRules();
        var.WriteTo(root.Path);
    }

    private static DerivedCommit Store(DeriveRequest request, LayerRoot root, IPackageSystem system, PackageTransaction solved, string hash, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        request.Progress.Step("Storing what changed");
        Repository repository = request.Sysroot.Repository;
        Checksum image = request.Image.Image.MergeCommit;
        MutableTree tree = MutableTree.FromCommit(repository, image);
        UpperLayer layer = WriteObjects(repository, root, system, tree);
        FileFacts? Facts(Checksum file) => layer.Facts.GetValueOrDefault(file) ?? request.Image.Facts.TryGet(file);

        // The second transaction, since the composefs image is made of directories' metadata that the repository shows.
        using RepositoryTransaction transaction = repository.BeginTransaction();
        (Checksum rootTree, Checksum rootMeta) = tree.Write(transaction);
        using var composefs = new MemoryStream();
        VerityDigest digest = ComposefsImage.Write(CommitComposefs.BuildTree(transaction, rootTree, rootMeta, Facts, request.KnownDigests), composefs);
        var metadata = new VariantDictionary
        {
            { CommitComposefs.DigestKey, GVariantValue.FromBytes(digest.ToArray()) },
            { ImageStore.BaseCommitKey, GVariantValue.FromString(image.ToString()) },
            { InputHashKey, GVariantValue.FromString(hash) },
            { ChangesKey, GVariantValue.FromStringArray(solved.Changes.Select(change => $"{change.Action} {change.Name} {change.After ?? change.Before}")) },
            { PackageWish.InactiveKey, GVariantValue.FromStringArray(solved.Inactive) },
        };
        ulong timestamp = repository.LoadCommit(image).Timestamp; // no time of its own: the same inputs give the same commit
        Checksum commit = transaction.WriteCommit(new Commit(metadata, image, "", "", timestamp, rootTree, rootMeta));
        transaction.Commit();
        return new DerivedCommit(commit, composefs.GetBuffer().AsMemory(0, (int)composefs.Length), Facts);
    }

    private static UpperLayer WriteObjects(Repository repository, LayerRoot root, IPackageSystem system, MutableTree tree)
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
    private static bool IsExcluded(string path, IPackageSystem system, MutableTree tree)
    {
        if (!path.Contains('/'))
        {
            return NotOfTheImage.Contains(path);
        }

        return Accounts.IsAccountFile(path)
            || system.IsVolatile(path)
            || (path == "usr/etc/resolv.conf" && tree.TryGetDirectory("usr")?.TryGetDirectory("etc")?.TryGetFile("resolv.conf") is null);
    }

    private static Sandbox Prepare(DeriveRequest request, LayerRoot root, IPackageSystem system, CancellationToken cancellation)
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

            system.PrepareVar(var);
        }

        Sandbox sandbox = Sandbox.Over(root.Path, root.Var).Set("SOURCE_DATE_EPOCH", repository.LoadCommit(image).Timestamp.ToString(CultureInfo.InvariantCulture));
        if (File.Exists($"{root.Path}/usr/bin/systemd-tmpfiles"))
        {
            sandbox.Run(["systemd-tmpfiles", "--create", "--prefix=/var"], cancellation); // as the image's own boot would; what it cannot make is no matter here
        }

        return sandbox;
    }

    private static ReadOnlyMemory<byte> MakeComposefs(DeriveRequest request)
    {
        if (request.Image.Composefs is { } made)
        {
            return made;
        }

        using var image = new MemoryStream();
        ComposefsImage.Write(CommitComposefs.BuildTree(request.Sysroot.Repository, request.Image.Image.MergeCommit, request.Image.Facts.TryGet, request.KnownDigests), image);
        return image.GetBuffer().AsMemory(0, (int)image.Length);
    }

    private static string? FindEtc(DeriveRequest request) => request.Merge is { } merge ? Path.Combine(request.Sysroot.Path, merge.Path, "etc") : null;

    private static string FindCache(DeriveRequest request, IPackageSystem system)
    {
        string stateroot = request.Merge?.Stateroot ?? request.Sysroot.ListStateroots()[0];
        return Path.Combine(request.Sysroot.Path, $"ostree/deploy/{stateroot}/var/cache/bootc/{system.CacheName}");
    }

    // A version that is wanted by name is one that the image need not have.
    private static (PackageWish Wish, string[] Inactive) SplitInactive(PackageWish wish, IPackageSystem system, Repository repository, Checksum image)
    {
        HashSet<string> present = [.. (PackageDatabase.Read(repository, image) ?? []).SelectMany(system.NamesOf)];
        string[] inactive = [.. wish.Requested.Where(present.Contains), .. wish.Removed.Where(name => !present.Contains(name))];
        return (wish with { Requested = [.. wish.Requested.Except(inactive)], Removed = [.. wish.Removed.Except(inactive)] }, inactive);
    }

    private static void RequireNothingElseRemoved(IReadOnlyList<PackageChange> changes, PackageWish wish)
    {
        string[] removed = [.. changes.Where(change => change.Action == PackageAction.Remove && !wish.Removed.Contains(change.Name)).Select(change => change.Name)];
        if (removed.Length > 0)
        {
            throw new LayeringException($"they would remove {string.Join(", ", removed)} from the image, which nobody asked for; 'bootc package override remove' does");
        }
    }

    private static void TellInactive(DeriveRequest request, string[] inactive)
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
