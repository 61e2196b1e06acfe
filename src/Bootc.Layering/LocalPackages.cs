// Package files that were given to the host, kept in the repository so that each upgrade has them.
using System.Security.Cryptography;
using Bootc.Deployments;
using Bootc.Linux;
using Bootc.Ostree;
using Bootc.Ostree.GVariant;
using Bootc.Ostree.Objects;

namespace Bootc.Layering;

/// <summary>Keeps each file in a commit of its own, under a ref that goes when no deployment wants the package any more.</summary>
internal static class LocalPackages
{
    /// <summary>The package in a file, as the image's own tools read it.</summary>
    /// <exception cref="LayeringException">There is no such file, or it is no package.</exception>
    /// <param name="system">The image's package system.</param>
    /// <param name="root">The path of a deployment of it.</param>
    /// <param name="path">The file.</param>
    /// <param name="cancellation">Ends the operation.</param>
    public static LocalPackage Identify(IPackageSystem system, string root, string path, CancellationToken cancellation)
    {
        if (!File.Exists(path))
        {
            throw new LayeringException(path.Contains("://", StringComparison.Ordinal)
                ? $"'{path}' is an address: fetch the package, with curl -O for example, and name its file"
                : $"there is no file '{path}'");
        }

        string shown = $"/run/package{system.Extension}";
        SandboxResult result = Sandbox.ReadOnly(root).Show(Path.GetFullPath(path), shown).Run(system.IdentifyCommand(shown), cancellation);
        if (result.ExitCode != 0)
        {
            throw new LayeringException($"'{path}' is no package that can be installed: {result.Tail}");
        }

        using FileStream file = File.OpenRead(path);
        return new LocalPackage(Convert.ToHexStringLower(SHA256.HashData(file)), result.Output.Trim());
    }

    /// <summary>Keeps a file.</summary>
    public static void Add(Repository repository, LocalPackage package, string path, string extension)
    {
        if (repository.TryResolveRef(package.Ref) is not null)
        {
            return;
        }

        using RepositoryTransaction transaction = repository.BeginTransaction();
        using FileStream content = File.OpenRead(path);
        var tree = new MutableTree { Meta = transaction.WriteDirMeta(DirMeta.ForDirectory(0, 0, 0x1ED)) };
        tree.ReplaceFile(package.Identity + extension, transaction.WriteFile(FileHeader.ForFile(0, 0, 0x1A4), content.Length, content).Checksum);
        (Checksum root, Checksum meta) = tree.Write(transaction);
        transaction.SetRef(package.Ref, transaction.WriteCommit(new Commit(new VariantDictionary(), null, package.Identity, "", 0, root, meta)));
        transaction.Commit();
    }

    /// <summary>Puts the files of packages into a directory.</summary>
    /// <exception cref="LayeringException">One is not there any more.</exception>
    public static void Provide(Repository repository, IEnumerable<LocalPackage> packages, string directory)
    {
        using DirectoryHandle target = DirectoryHandle.Open(directory);
        foreach (LocalPackage package in packages)
        {
            Checksum commit = repository.TryResolveRef(package.Ref)
                ?? throw new LayeringException($"the file of the package {package.Identity} is not in the store any more: remove the package with 'bootc package uninstall {package.Name}', or install its file again");
            repository.CheckoutTree(commit, target, ".", new CheckoutOptions { Union = true });
        }
    }
}
