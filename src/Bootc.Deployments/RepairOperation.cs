// fsck --repair: what is damaged is fetched again.
using Bootc.Composefs;
using Bootc.Composefs.FsVerity;
using Bootc.Import;
using Bootc.Linux;
using Bootc.Oci;
using Bootc.Ostree;
using Bootc.Ostree.Objects;
using Microsoft.Win32.SafeHandles;

namespace Bootc.Deployments;

/// <summary>
/// Puts damaged or missing objects right by fetching the layers again that they came from, in the store and in deployments, and
/// makes damaged images of deployments anew.
/// </summary>
public sealed class RepairOperation(Sysroot sysroot, OciOptions oci, IOperationProgress progress)
{
    private const string ComposefsImageName = ".ostree.cfs";

    /// <summary>Repairs what a check found.</summary>
    /// <exception cref="OciException">A layer cannot be had.</exception>
    public async Task<RepairResult> RunAsync(FsckResult found, CancellationToken cancellation)
    {
        using SysrootLock held = sysroot.Lock(progress, cancellation);
        IReadOnlySet<ObjectName> objects = await RepairObjectsAsync(found, cancellation).ConfigureAwait(false);
        return new RepairResult(objects, [.. sysroot.Deployments.Where(RepairImage)]);
    }

    private async Task<IReadOnlySet<ObjectName>> RepairObjectsAsync(FsckResult found, CancellationToken cancellation)
    {
        var damaged = found.Findings.Select(finding => finding.Name).ToHashSet();
        HashSet<ObjectName> remaining = [.. damaged];
        foreach (Deployment deployment in sysroot.Deployments)
        {
            if (remaining.Count > 0)
            {
                await FetchAsync(deployment, remaining, cancellation).ConfigureAwait(false);
                remaining.RemoveWhere(sysroot.Repository.IsSound);
            }
        }

        damaged.ExceptWith(remaining);
        foreach (Deployment deployment in damaged.Count > 0 ? sysroot.Deployments : [])
        {
            using DirectoryHandle directory = sysroot.OpenDeployment(deployment);
            Relink(sysroot.Repository.LoadCommit(deployment.Commit).RootTree, directory, damaged);
        }

        return damaged;
    }

    private async Task FetchAsync(Deployment deployment, HashSet<ObjectName> damaged, CancellationToken cancellation)
    {
        if (deployment.Origin.Image is not { } reference || damaged.Contains(new(deployment.Commit, ObjectType.Commit)) || ImageStore.QueryCommit(sysroot.Repository, deployment.Commit) is not { } image)
        {
            return;
        }

        var repair = new LayerRepair(sysroot.Repository, damaged);
        IReadOnlyList<LayerState> layers = repair.FindLayers(image);
        if (layers.Count == 0)
        {
            return;
        }

        // What is fetched is named by the manifest whose signatures were checked when the image came.
        _ = ImagePolicy.For(reference, null, oci, sysroot.Repository);
        await using IImageSource source = ImageSources.Open(reference.Image, oci);
        await repair.RunAsync(source, layers, progress, cancellation).ConfigureAwait(false);
    }

    // Deployments have hard links to objects: those to what was damaged are made anew, each by one rename.
    private void Relink(Checksum tree, DirectoryHandle directory, HashSet<ObjectName> repaired)
    {
        DirTree names = sysroot.Repository.LoadDirTree(tree);
        foreach (DirTreeFile file in names.Files)
        {
            var name = new ObjectName(file.File, ObjectType.File);
            if (repaired.Contains(name) && directory.Exists(file.Name))
            {
                string temporary = $".{file.Name[..Math.Min(file.Name.Length, 32)]}.{Path.GetRandomFileName()}";
                sysroot.Repository.ObjectsDirectory.CreateHardLink(name.PathIn(RepositoryMode.Bare), directory, temporary);
                directory.Rename(temporary, directory, file.Name);
                directory.TryRemoveFile(temporary); // left by a rename of one file to itself
            }
        }

        foreach (DirTreeDirectory child in names.Directories)
        {
            using DirectoryHandle? inner = directory.TryOpenDirectory(child.Name);
            if (inner is not null)
            {
                Relink(child.Tree, inner, repaired);
            }
        }
    }

    // Returns whether the image was damaged, and is the commit's again.
    private bool RepairImage(Deployment deployment)
    {
        if (sysroot.Repository.LoadCommit(deployment.Commit).Metadata.TryGetBytes(CommitComposefs.DigestKey) is not { Length: VerityDigest.Size } recorded)
        {
            return false;
        }

        var expected = new VerityDigest(recorded.Span);
        using DirectoryHandle directory = sysroot.OpenDeployment(deployment);
        if (TryMeasure(directory) == expected)
        {
            return false;
        }

        using var image = new MemoryStream();
        if (ComposefsImage.Write(CommitComposefs.BuildTree(sysroot.Repository, deployment.Commit), image) != expected)
        {
            return false;
        }

        directory.Handle.SetImmutable(false, directory.DisplayPath);
        ReplaceImage(directory, image.GetBuffer().AsSpan(0, (int)image.Length));
        directory.Handle.SetImmutable(true, directory.DisplayPath);
        return true;
    }

    private static VerityDigest? TryMeasure(DirectoryHandle directory)
    {
        try
        {
            using SafeFileHandle? file = directory.TryOpenFile(ComposefsImageName);
            return file is null ? null : FileVerity.Compute(file, ComposefsImageName);
        }
        catch (LinuxException)
        {
            return null; // the kernel refuses to read what was changed in a sealed file
        }
    }

    // Sealed before it takes the name: in a sealed store another one would not boot.
    private void ReplaceImage(DirectoryHandle directory, ReadOnlySpan<byte> content)
    {
        string temporary = $"{ComposefsImageName}.{Path.GetRandomFileName()}";
        directory.WriteAllBytesAtomically(temporary, content);
        if (sysroot.Repository.Config.VerityWanted != false)
        {
            using SafeFileHandle file = directory.OpenFile(temporary);
            file.TryEnableVerity(temporary);
        }

        directory.Rename(temporary, directory, ComposefsImageName);
    }
}
