// Making a deployment: a checkout, its composefs image, its /etc and /var. Nothing refers to it until it is written to the
// boot entries.
using Bootc.Composefs;
using Bootc.Deployments.Boot;
using Bootc.Deployments.Etc;
using Bootc.Import;
using Bootc.Import.SELinux;
using Bootc.Linux;
using Bootc.Ostree;
using Bootc.Ostree.Objects;
using Microsoft.Win32.SafeHandles;

namespace Bootc.Deployments;

public sealed partial class Sysroot
{
    internal const string ComposefsImageName = ".ostree.cfs";

    private const string NewVarName = ".var.new";

    private Task _writeBack = Task.CompletedTask;

    /// <summary>Makes a deployment. On a running host it is staged; elsewhere it is complete, and still to be given to <see cref="WriteDeployments"/>.</summary>
    /// <exception cref="DeploymentException">The image has no kernel or no name, or is inconsistent. Nothing is left of the deployment.</exception>
    public Deployment Deploy(DeployRequest request)
    {
        if (!Root.Exists($"ostree/deploy/{request.Stateroot}/var"))
        {
            throw new DeploymentException($"{Path} has no stateroot '{request.Stateroot}', only {string.Join(", ", ListStateroots().DefaultIfEmpty("none"))}");
        }

        Root.EnsureDirectory($"ostree/deploy/{request.Stateroot}/backing", 0x1C0).Dispose();
        using DirectoryHandle deploy = Root.EnsureDirectory($"ostree/deploy/{request.Stateroot}/deploy", 0x1FD);
        EarlyCheckout? made = request.Checkout is { } early && early.Commit == request.Commit && early.Stateroot == request.Stateroot && early.TryTake() ? early : null;
        request = request with { Checkout = made };
        int serial = made?.Serial ?? AllocateSerial(deploy, request.Commit);
        string name = $"{request.Commit}.{serial}";
        Deployment deployment;
        try
        {
            deployment = Deploy(request, deploy, name, serial);
        }
        catch
        {
            // A file of that name from a checkout that broke off would be taken for a deployment.
            deploy.RemoveTree(name + ".origin");
            deploy.RemoveTree(name);
            throw;
        }

        if (Booted is not null)
        {
            EndStaging(deployment); // its record is written: what goes wrong from here on takes nothing back
        }

        return deployment;
    }

    /// <summary>Finishes a deployment: merges <c>/etc</c>, writes its origin, and makes its root immutable.</summary>
    internal void FinishDeployment(Deployment deployment, Deployment? merge)
    {
        using DirectoryHandle directory = OpenDeployment(deployment);
        if (merge is not null)
        {
            deployment.Entry.Options ??= merge.Entry.Options;
            using DirectoryHandle mergeDirectory = OpenDeployment(merge);
            EtcMerge.Run(mergeDirectory, directory);
        }

        directory.TryRemoveFile("etc/.updated");
        Root.TryRemoveFile($"ostree/deploy/{deployment.Stateroot}/var/.updated");
        MakeBacking(deployment, directory.GetStatus().Permissions);
        WriteOrigin(deployment, sync: false);
        directory.Handle.SetImmutable(true, directory.DisplayPath);
    }

    /// <summary>Writes a deployment's origin.</summary>
    public void WriteOrigin(Deployment deployment) => WriteOrigin(deployment, sync: true);

    // That of a new deployment goes to disk with all the rest, before anything refers to it.
    private void WriteOrigin(Deployment deployment, bool sync) =>
        Root.WriteAllBytesAtomically(deployment.OriginPath, System.Text.Encoding.UTF8.GetBytes(deployment.Origin.File.ToString()), sync: sync);

    /// <summary>Releases a staged deployment that waits, so that shutdown makes it bootable.</summary>
    /// <exception cref="DeploymentException">There is none.</exception>
    public void ReleaseStaged()
    {
        StagedDeployment staged = StagedDeployment.TryRead() ?? throw new DeploymentException("there is no staged deployment");
        (staged with { IsLocked = false }).Write(); // in place of the record before: there is never none
        StagedDeployment.RemoveLock();
        Touch();
        Load();
    }

    /// <summary>Drops the deployment that is staged, if one is. The caller holds the sysroot's lock.</summary>
    public void DiscardStaged()
    {
        if (Staged is null)
        {
            return;
        }

        WriteDeployments([.. _deployments.Where(deployment => !deployment.IsStaged)]);
        Load();
        CleanUp();
    }

    /// <summary>Makes the staged deployment bootable; run at shutdown. What goes wrong is written down for the next boot to tell.</summary>
    /// <returns>What was made bootable; <see langword="null"/> when nothing is staged, or it waits to be released.</returns>
    public Deployment? FinalizeStaged()
    {
        Deployment? finalized;
        try
        {
            finalized = StagedDeployment.TryRead() is { IsLocked: false } record && Staged is { } staged ? FinalizeStaged(record, staged) : null;
        }
        catch (Exception e) when (e is IOException or DeploymentException or OstreeException)
        {
            FinalizationFailure.Record(Root, e);
            TryCallOffSoftReboot(); // into what is not whole
            throw;
        }

        if (finalized is not null)
        {
            FinalizationFailure.Clear(Root);
        }

        return finalized;
    }

    // What made the finalization fail is what counts.
    private void TryCallOffSoftReboot()
    {
        try
        {
            SoftReboot.CallOff();
        }
        catch (Exception e) when (e is IOException or DeploymentException)
        {
            WarnOnce($"the soft reboot that was prepared is not called off: {e.Message}");
        }
    }

    /// <summary>Why the boot before could not finalize what was staged, if so; taken from <c>/boot</c>, so that only this boot tells of it.</summary>
    public string? TakeFinalizationFailure() => FinalizationFailure.TakeOver(this);

    /// <summary>Why the boot before could not finalize what was staged, if so.</summary>
    public string? ReadFinalizationFailure() => FinalizationFailure.TryRead(this);

    private Deployment FinalizeStaged(StagedDeployment record, Deployment staged)
    {
        Deployment? merge = record.Merge is null ? null : _deployments.Find(deployment => deployment.IsSame(record.Merge))
            ?? throw new DeploymentException($"the deployment {record.Merge} that the staged one follows is gone");

        // From here on the record must not be read again: /etc may be merged in part.
        StagedDeployment.Remove();
        FinishDeployment(staged, merge);
        _deployments.Remove(staged);
        staged.IsStaged = false;
        WriteDeployments(ListWith(staged, merge, retain: false));
        return staged;
    }

    /// <summary>Begins with the files of a deployment of which it is not known yet whether it is to be; the caller holds the sysroot's lock.</summary>
    /// <param name="stateroot">The stateroot that it will be in.</param>
    /// <param name="commit">Its commit, which may not be visible yet.</param>
    internal EarlyCheckout BeginCheckout(string stateroot, AnticipatedCommit commit)
    {
        DirectoryHandle deploy = Root.EnsureDirectory($"ostree/deploy/{stateroot}/deploy", 0x1FD);
        int serial = AllocateSerial(deploy, commit.Commit);
        return new EarlyCheckout(commit.Commit, stateroot, serial, deploy, name =>
        {
            Repository.CheckoutTree(commit.Tree, commit.Meta, deploy, name, new CheckoutOptions { Facts = commit.Facts.TryGet });
            using DirectoryHandle directory = deploy.OpenDirectory(name);
            PrepareEtc(commit.Tree, commit.Meta, commit.Facts.TryGet, directory);
            BeginWriteBack();
        });
    }

    // What is on disk by then need not be waited for when the boot entries are written.
    private void BeginWriteBack()
    {
        if (!Repository.Config.DisableFsync)
        {
            _writeBack = Task.Run(() =>
            {
                try
                {
                    SyncStore();
                }
                catch (LinuxException)
                {
                    // It is done again when it counts, and told then.
                }
            });
        }
    }

    private static int AllocateSerial(DirectoryHandle deploy, Checksum commit)
    {
        int serial = 0;
        foreach (DirectoryEntry entry in deploy.List())
        {
            if (Deployment.TryParseName(entry.Name, out Checksum other, out int used) && other == commit)
            {
                serial = Math.Max(serial, used + 1);
            }
        }

        return serial;
    }

    private Deployment Deploy(DeployRequest request, DirectoryHandle deploy, string name, int serial)
    {
        if (request.Checkout is null)
        {
            Repository.CheckoutTree(request.Commit, deploy, name, new CheckoutOptions { Facts = request.Facts });
        }

        using DirectoryHandle directory = deploy.OpenDirectory(name);
        KernelLayout kernel = KernelLayout.Find(directory);
        Task<string> bootcsum = Task.Run(() => FindBootcsum(kernel, directory, request.Merge)); // a new kernel is read while the rest is made
        IReadOnlyList<string>? arguments;
        try
        {
            WriteComposefsImage(request, directory);
            arguments = MergeArguments(request, directory);
            if (request.Checkout is null)
            {
                Commit commit = Repository.LoadCommit(request.Commit);
                PrepareEtc(commit.RootTree, commit.RootMeta, request.Facts, directory);
            }

            _ = OsRelease.ReadName(directory); // better now than when its boot entry is written
            PrepareVar(request, directory);
            LabelVar(request);
        }
        finally
        {
            bootcsum.GetAwaiter().GetResult();
        }

        var deployment = new Deployment
        {
            Stateroot = request.Stateroot,
            Commit = request.Commit,
            Serial = serial,
            Bootcsum = bootcsum.Result,
            Origin = request.Origin,
        };
        deployment.Entry.Options = arguments is null ? null : string.Join(' ', arguments);
        deployment.Entry.AddExtensions(request.EntryExtensions ?? FollowedBy(request)?.Entry.Extensions ?? []);
        if (Booted is not null)
        {
            Stage(deployment, request with { KernelArguments = arguments });
            return deployment;
        }

        FinishDeployment(deployment, request.Merge);
        return deployment;
    }

    /// <summary>The kernel arguments of a deployment; a staged one has those of the deployment that it follows unless it says otherwise.</summary>
    internal IReadOnlyList<string> ArgumentsOf(Deployment deployment)
    {
        Deployment? merge = deployment is { IsStaged: true, Entry.Options: null } ? Booted : null;
        return KernelArguments.Parse((merge ?? deployment).Entry.Options).Words;
    }

    // A staged deployment is followed rather than the one below it: what was changed for the next boot stays changed.
    private Deployment? FollowedBy(DeployRequest request) => request.Merge is not null && Staged is { } staged && staged.Stateroot == request.Stateroot ? staged : request.Merge;

    // Null where nothing differs from the deployment that is followed.
    private IReadOnlyList<string>? MergeArguments(DeployRequest request, DirectoryHandle directory)
    {
        IReadOnlyList<string> after = ImageKernelArguments.Read(directory);
        if (request.Merge is not { } merge)
        {
            return request.KernelArguments is { } first ? [.. first, .. after] : request.ArrangeArguments?.Invoke(after) ?? (after.Count == 0 ? null : after);
        }

        if (request.KernelArguments is { } exact)
        {
            return exact;
        }

        Deployment from = FollowedBy(request)!;
        using DirectoryHandle other = OpenDeployment(from);
        IReadOnlyList<string> before = ImageKernelArguments.Read(other);
        IReadOnlyList<string> merged = ImageKernelArguments.Merge(ArgumentsOf(from), before, after);
        return merged.SequenceEqual(ArgumentsOf(merge)) ? null : merged;
    }

    // Most updates leave the kernel as it is.
    private string FindBootcsum(KernelLayout kernel, DirectoryHandle directory, Deployment? merge)
    {
        if (merge is not null)
        {
            using DirectoryHandle other = OpenDeployment(merge);
            if (kernel.HasSameFiles(directory, other))
            {
                return merge.Bootcsum;
            }
        }

        return kernel.ComputeBootcsum(directory);
    }

    /// <summary>
    /// The image of a deployed commit that a commit is likely to have most in common with: of that commit itself, of one that comes of
    /// the same image, or of the one that was deployed last.
    /// </summary>
    /// <param name="commit">The commit; <see langword="null"/> for one that is not there yet.</param>
    public CommitImage? FindImageLike(Checksum? commit)
    {
        Checksum? image = commit is { } there ? TryFindBase(there) : null;
        return _deployments
            .OrderBy(deployment => deployment.Commit == commit ? 0 : image is not null && TryFindBase(deployment.Commit) == image ? 1 : 2)
            .Select(deployment => CommitImage.TryOpen(Repository, deployment.Commit, System.IO.Path.Combine(Path, deployment.Path, ComposefsImageName)))
            .FirstOrDefault(found => found is not null);
    }

    private Checksum? TryFindBase(Checksum commit)
    {
        try
        {
            return ImageStore.BaseOf(Repository, commit);
        }
        catch (OstreeException)
        {
            return null; // where it is needed, that is told
        }
    }

    private void WriteComposefsImage(DeployRequest request, DirectoryHandle directory)
    {
        Checksum commit = request.Commit;
        using UnnamedImage? made = request.ComposefsImage is null
            ? CommitComposefs.Write(Repository, commit, FindImageLike(commit), request.Facts, request.KnownDigests)
            : null;
        UnnamedImage image = made ?? request.ComposefsImage!;
        if (Repository.LoadCommit(commit).Metadata.TryGetBytes(CommitComposefs.DigestKey) is { } recorded && !recorded.Span.SequenceEqual(image.Digest.ToArray()))
        {
            throw new DeploymentException(
                $"the composefs image of commit {commit} has the fs-verity digest {image.Digest}, and the commit says {Convert.ToHexStringLower(recorded.Span)}");
        }

        image.LinkAs(directory, ComposefsImageName);
        SealNewImage(directory);
    }

    private void SealNewImage(DirectoryHandle directory)
    {
        if (Repository.Config.VerityWanted == false)
        {
            return;
        }

        using SafeFileHandle image = directory.OpenFile(ComposefsImageName);
        if (!image.TryEnableVerity($"{directory.DisplayPath}/{ComposefsImageName}") && Repository.Config.VerityWanted == true)
        {
            throw new DeploymentException($"fs-verity is required by {Repository}, but its file system cannot seal files");
        }
    }

    // /etc is a copy of /usr/etc, since it is changed.
    private void PrepareEtc(Checksum tree, Checksum meta, Func<Checksum, FileFacts?>? facts, DirectoryHandle directory)
    {
        bool hasDefaults = directory.TryGetStatus("usr/etc") is { Kind: FileKind.Directory };
        if (directory.TryGetStatus("etc") is { } etc)
        {
            if (etc.Kind != FileKind.Directory)
            {
                throw new DeploymentException("/etc of the image is no directory");
            }

            using DirectoryHandle existing = directory.OpenDirectory("etc");
            bool isEmpty = existing.List().Count == 0;
            if (!isEmpty && hasDefaults)
            {
                throw new DeploymentException("the image contains both /etc and /usr/etc");
            }

            if (!isEmpty)
            {
                directory.Rename("etc", directory, "usr/etc");
                return;
            }

            if (hasDefaults)
            {
                directory.RemoveDirectory("etc");
            }
        }

        if (hasDefaults)
        {
            Repository.CheckoutTree(tree, meta, directory, "etc", new CheckoutOptions { ForceCopy = true, Subpath = "usr/etc", Facts = facts });
        }
    }

    // The first deployment of a stateroot gives it its /var; later ones leave it alone.
    private void PrepareVar(DeployRequest request, DirectoryHandle directory)
    {
        using DirectoryHandle? initial = directory.TryGetStatus("var") is { Kind: FileKind.Directory } ? directory.OpenDirectory("var") : null;
        if (initial is null || (initial.List().Count == 0 && HasTemporaryFilesRules(directory)))
        {
            return; // nothing to fill it with
        }

        using DirectoryHandle parent = Root.OpenDirectory($"ostree/deploy/{request.Stateroot}");
        using DirectoryHandle var = parent.OpenDirectory("var");
        FileStatus status = var.GetStatus();
        if (var.List().Count > 0)
        {
            return;
        }

        if (status.Device != parent.GetStatus().Device)
        {
            FillVar(request, var, directory); // a file system of its own, which no directory can take the place of
            return;
        }

        // Made beside it and renamed: a half-filled /var would stay so for good.
        parent.RemoveTree(NewVarName);
        using DirectoryHandle made = parent.EnsureDirectory(NewVarName, 0x1C0);
        FillVar(request, made, directory);
        made.Handle.SetOwner(status.Uid, status.Gid, made.DisplayPath);
        made.Handle.SetMode(status.Permissions, made.DisplayPath);
        made.SyncFilesystem();
        parent.Rename(NewVarName, parent, "var");
    }

    // Once, as libostree does it, which leaves a note of that; the /var of the host that runs is not gone through.
    private void LabelVar(DeployRequest request)
    {
        using DirectoryHandle stateroot = Root.OpenDirectory($"ostree/deploy/{request.Stateroot}");
        const string Note = "/var/.ostree-selabeled";
        if (Booted?.Stateroot == request.Stateroot || stateroot.Exists(Note[1..]) || DirectoryLabels.TryLoad(Repository, request.Commit) is not { } labels)
        {
            return;
        }

        labels.Complete(stateroot, "var", "/var");
        using DirectoryHandle var = stateroot.OpenDirectory("var");
        var.WriteAllBytesAtomically(System.IO.Path.GetFileName(Note), []);
        labels.Set(stateroot, Note[1..], Note);
    }

    private static bool HasTemporaryFilesRules(DirectoryHandle directory) => directory.Exists("usr/lib/tmpfiles.d");

    private void FillVar(DeployRequest request, DirectoryHandle var, DirectoryHandle directory)
    {
        Repository.CheckoutTree(request.Commit, var, ".", new CheckoutOptions { ForceCopy = true, Union = true, Subpath = "var", Facts = request.Facts });
        if (!HasTemporaryFilesRules(directory))
        {
            MakeStandardVar(var);
        }
    }

    // What systemd-tmpfiles makes in /var elsewhere, for an image that does without it.
    private static void MakeStandardVar(DirectoryHandle var)
    {
        using (DirectoryHandle temporary = var.EnsureDirectory("tmp"))
        {
            temporary.Handle.SetMode(0x3FF, temporary.DisplayPath);
        }

        var.EnsureDirectory("lib").Dispose();
        var.EnsureDirectory("log").Dispose();
        foreach ((string name, string target) in new[] { ("run", "../run"), ("lock", "../run/lock") })
        {
            if (!var.Exists(name))
            {
                var.CreateSymbolicLink(target, name);
            }
        }
    }

    // What a root that changes until the next boot is kept in; there in any case, as libostree has it.
    private void MakeBacking(Deployment deployment, uint rootMode)
    {
        using DirectoryHandle backing = Root.EnsureDirectory(deployment.BackingPath, 0x1C0);
        using DirectoryHandle transient = backing.EnsureDirectory("root-transient", 0x1C0);
        transient.EnsureDirectory("work", 0x1C0).Dispose();
        using DirectoryHandle upper = transient.EnsureDirectory("upper", 0x1C0);
        upper.Handle.SetMode(rootMode, upper.DisplayPath);
    }

    private void Stage(Deployment deployment, DeployRequest request)
    {
        CheckRoom(ListWith(deployment, request.Merge, retain: false)); // better now than at shutdown
        WriteOrigin(deployment);
        new StagedDeployment(deployment, request.Merge, request.KernelArguments?.ToArray(), request.IsLocked) { EntryExtensions = deployment.Entry.Extensions }.Write();
    }

    private void EndStaging(Deployment deployment)
    {
        SoftReboot.CallOffUnless(this, deployment);
        if (Staged is { } previous)
        {
            RemoveDeployment(previous);
        }

        Touch();
        Load();
    }

    private void Touch()
    {
        using DirectoryHandle deploy = Root.OpenDirectory("ostree/deploy");
        deploy.Handle.SetModifiedTime(DateTimeOffset.UtcNow.ToUnixTimeSeconds(), 0, deploy.DisplayPath);
    }

    private void RemoveDeployment(Deployment deployment)
    {
        Root.RemoveTree(deployment.BackingPath);
        Root.RemoveTree(deployment.OriginPath);
        Root.RemoveTree(deployment.Path);
    }
}
