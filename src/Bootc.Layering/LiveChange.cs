// apply-live: what one commit has that another has not, put onto the running system.
using Bootc.Deployments;
using Bootc.Import.Packages;
using Bootc.Linux;
using Bootc.Ostree;
using Bootc.Ostree.Objects;
using Microsoft.Win32.SafeHandles;

namespace Bootc.Layering;

/// <summary>Brings the running deployment's <c>/usr</c> from what it shows to what a commit has, and <c>/etc</c> where nobody changed it.</summary>
internal sealed class LiveChange(Sysroot sysroot, IOperationProgress progress)
{
    private const string Temporary = ".bootc-live-";
    private const string Modules = "usr/lib/modules";
    private static readonly string[] KernelNames = ["vmlinuz", "initramfs.img"];

    /// <summary>Whether packages may be removed and replaced as well, which programs that run may not expect.</summary>
    public bool AllowReplacement { get; init; }

    private Repository Repository => sysroot.Repository;

    /// <summary>Applies a commit.</summary>
    /// <param name="commit">The commit.</param>
    /// <param name="transient">Packages of it that no deployment has.</param>
    /// <exception cref="LayeringException">It takes a reboot; nothing is changed.</exception>
    public void Apply(Checksum commit, IReadOnlyList<string> transient)
    {
        Checksum from = Require(commit);
        if (from == commit)
        {
            progress.Message("The running system has that already");
            return;
        }

        progress.Step("Changing the running system");
        Repository.SetRef(LiveState.Ref, commit);
        DirTree? before = Repository.OpenTree(from).TryGetDirectory("usr");
        DirTree after = Repository.OpenTree(commit).TryGetDirectory("usr") ?? throw new LayeringException($"the commit {commit} has no /usr");
        UsrOverlay.Change(sysroot, usr => Change(before, after, usr));
        new LiveState(sysroot.Booted!.DirectoryName, commit, transient).Write();
        ChangeEtc(from, commit);
        LiveServices.Update(progress);
    }

    /// <summary>Fails unless the running system can be brought to a commit.</summary>
    /// <returns>The commit that it shows.</returns>
    /// <exception cref="LayeringException">It cannot.</exception>
    public Checksum Require(Checksum commit)
    {
        Deployment booted = sysroot.Booted ?? throw new LayeringException($"only the running host can be changed while it runs, and {sysroot.Path} is not what it runs");
        Checksum from = LiveState.TryRead(sysroot)?.Commit ?? booted.Commit;
        if (!ReadKernels(from).SequenceEqual(ReadKernels(commit)))
        {
            throw new LayeringException("the kernel or its initramfs would be another one, which takes a reboot");
        }

        PackageDiff diff = PackageDiff.Compare(PackageDatabase.Read(Repository, from) ?? [], PackageDatabase.Read(Repository, commit) ?? []);
        string[] replaced = [.. diff.Changed.Select(change => change.New.Name), .. diff.Removed.Select(package => $"{package.Name} removed")];
        if (replaced.Length > 0 && !AllowReplacement)
        {
            throw new LayeringException($"packages that the running system has would be replaced ({string.Join(", ", replaced)}), which takes a reboot, or --allow-replacement");
        }

        return from;
    }

    private string[] ReadKernels(Checksum commit)
    {
        CommitTree tree = Repository.OpenTree(commit);
        return [.. (tree.TryGetDirectory(Modules)?.Directories ?? [])
            .SelectMany(version => KernelNames.Select(name => $"{version.Name}/{name} {tree.TryGetFile($"{Modules}/{version.Name}/{name}")}"))
            .Where(line => !line.EndsWith(' '))];
    }

    private void Change(DirTree? before, DirTree after, DirectoryHandle target)
    {
        Dictionary<string, Checksum> oldFiles = before?.Files.ToDictionary(file => file.Name, file => file.File) ?? [];
        Dictionary<string, DirTreeDirectory> oldDirectories = before?.Directories.ToDictionary(directory => directory.Name) ?? [];
        HashSet<string> names = [.. after.Files.Select(file => file.Name), .. after.Directories.Select(directory => directory.Name)];
        foreach (string gone in oldFiles.Keys.Concat(oldDirectories.Keys).Where(name => !names.Contains(name)))
        {
            target.RemoveTree(gone);
        }

        foreach (DirTreeFile file in after.Files.Where(file => !oldFiles.TryGetValue(file.Name, out Checksum old) || old != file.File))
        {
            if (oldDirectories.ContainsKey(file.Name))
            {
                target.RemoveTree(file.Name);
            }

            WriteFile(target, file.Name, file.File);
        }

        foreach (DirTreeDirectory directory in after.Directories)
        {
            DirTreeDirectory? old = oldDirectories.TryGetValue(directory.Name, out DirTreeDirectory known) ? known : null;
            if (old?.Tree == directory.Tree && old?.Meta == directory.Meta)
            {
                continue;
            }

            if (oldFiles.ContainsKey(directory.Name))
            {
                target.RemoveTree(directory.Name);
            }

            using DirectoryHandle child = target.EnsureDirectory(directory.Name);
            if (old?.Meta != directory.Meta)
            {
                SetMeta(child, Repository.LoadDirMeta(directory.Meta));
            }

            Change(old is { } same ? Repository.LoadDirTree(same.Tree) : null, Repository.LoadDirTree(directory.Tree), child);
        }
    }

    private static void SetMeta(DirectoryHandle directory, DirMeta meta)
    {
        directory.Handle.SetOwner(meta.Uid, meta.Gid, directory.DisplayPath);
        directory.Handle.SetMode(meta.Mode & ModeBits.PermissionMask, directory.DisplayPath);
        foreach (ExtendedAttribute attribute in meta.ExtendedAttributes)
        {
            directory.Handle.SetExtendedAttribute(attribute.Name, attribute.Value, directory.DisplayPath);
        }
    }

    // Under another name first: who reads the file meanwhile reads the old one or the new one.
    private void WriteFile(DirectoryHandle target, string name, Checksum file)
    {
        (FileHeader header, _) = Repository.LoadFileHeader(file);
        string temporary = Temporary + name;
        target.TryRemoveFile(temporary);
        if (header.IsSymbolicLink)
        {
            target.CreateSymbolicLink(header.LinkTarget, temporary);
            target.SetOwner(temporary, header.Uid, header.Gid);
        }
        else
        {
            using SafeFileHandle copy = target.CreateFile(temporary, 0x180);
            using (Stream content = Repository.OpenFileContent(file))
            using (var stream = new UnownedFileStream(copy))
            {
                content.CopyTo(stream);
            }

            copy.SetOwner(header.Uid, header.Gid, name);
            copy.SetMode(header.Mode & ModeBits.PermissionMask, name);
            foreach (ExtendedAttribute attribute in header.ExtendedAttributes)
            {
                copy.SetExtendedAttribute(attribute.Name, attribute.Value, name);
            }
        }

        target.Rename(temporary, target, name);
    }

    private void ChangeEtc(Checksum from, Checksum to)
    {
        if (!Directory.Exists("/etc") || Repository.OpenTree(to).TryGetDirectory("usr/etc") is not { } after)
        {
            return;
        }

        using DirectoryHandle etc = DirectoryHandle.Open("/etc");
        AddToEtc(Repository.OpenTree(from).TryGetDirectory("usr/etc"), after, etc);
    }

    // What the administrator has is left alone; the next boot merges what is new into it.
    private void AddToEtc(DirTree? before, DirTree after, DirectoryHandle target)
    {
        HashSet<string> known = [.. before?.Files.Select(file => file.Name) ?? []];
        foreach (DirTreeFile file in after.Files.Where(file => !known.Contains(file.Name) && !target.Exists(file.Name)))
        {
            WriteFile(target, file.Name, file.File);
        }

        foreach (DirTreeDirectory directory in after.Directories)
        {
            DirTreeDirectory? old = before is null ? null : before.Directories.Where(other => other.Name == directory.Name).Select(other => (DirTreeDirectory?)other).FirstOrDefault();
            bool isNew = !target.Exists(directory.Name);
            if (old?.Tree == directory.Tree || (old is not null && isNew) || (!isNew && target.GetStatus(directory.Name).Kind != FileKind.Directory))
            {
                continue; // the same, or removed by the administrator
            }

            using DirectoryHandle child = target.EnsureDirectory(directory.Name);
            if (isNew)
            {
                SetMeta(child, Repository.LoadDirMeta(directory.Meta));
            }

            AddToEtc(old is { } same ? Repository.LoadDirTree(same.Tree) : null, Repository.LoadDirTree(directory.Tree), child);
        }
    }
}
