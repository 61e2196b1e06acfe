// Making a list of deployments the ones that boot: everything is put in place beside what is in force, and then one rename
// decides. Killed at any moment, the host boots what it booted before, or the new list whole.
using System.Text;
using Bootc.Deployments.Boot;
using Bootc.Linux;
using Bootc.Ostree;

namespace Bootc.Deployments;

public sealed partial class Sysroot
{
    private readonly HashSet<string> _warnings = [];
    private static readonly string[] HealthCheckLinks =
    [
        "etc/systemd/system/multi-user.target.wants/bootc-health-check.service",
        "etc/systemd/system/boot-complete.target.requires/bootc-health-check.service",
        "usr/lib/systemd/system/multi-user.target.wants/bootc-health-check.service",
        "usr/lib/systemd/system/boot-complete.target.requires/bootc-health-check.service",
    ];

    /// <summary>The EFI system partition of a disk that is being made, in place of the one that is found by its volume ID.</summary>
    public DirectoryHandle? NewEfiPartition { get; set; }

    /// <summary>Is told, once each, of what goes wrong that the next boot does not depend on.</summary>
    public Action<string>? Warned { get; set; }

    /// <summary>The list that follows when a deployment is added as the default: what must stay, stays.</summary>
    /// <param name="added">The new deployment.</param>
    /// <param name="merge">The deployment that it follows, which stays as the one to fall back to.</param>
    /// <param name="retain">Whether all others stay as well.</param>
    public IReadOnlyList<Deployment> ListWith(Deployment added, Deployment? merge, bool retain)
    {
        var list = new List<Deployment> { added };
        foreach (Deployment deployment in _deployments)
        {
            bool stays = retain || deployment.IsPinned || deployment.Stateroot != added.Stateroot || deployment.IsBooted || deployment.IsSame(merge);
            if (stays && !deployment.IsStaged && !deployment.IsSame(added))
            {
                list.Add(deployment);
            }
        }

        return list;
    }

    /// <summary>Makes <paramref name="deployments"/> the ones that boot, in this order, by one atomic rename.</summary>
    /// <exception cref="DeploymentException">The running deployment is not among them, or /boot has no room. Nothing is changed.</exception>
    public void WriteDeployments(IReadOnlyList<Deployment> deployments)
    {
        Deployment[] wanted = [.. deployments.Where(deployment => !deployment.IsStaged)];
        if (Booted is not null && !wanted.Any(deployment => deployment.IsSame(Booted)))
        {
            throw new DeploymentException("the running deployment cannot be removed");
        }

        SoftReboot.CallOffUnless(this, deployments.FirstOrDefault());
        DropStagedUnless(deployments);
        Deployment[] current = [.. _deployments.Where(deployment => !deployment.IsStaged)];
        bool showStateroot = AreOfSeveralStateroots(wanted);
        bool needsNewEntries = wanted.Length != current.Length || !Enumerable.Range(0, wanted.Length).All(i => HaveEqualEntries(wanted[i], current[i], i, showStateroot));
        using IBootLoader loader = OpenBootLoader();
        if (!needsNewEntries && wanted.Zip(current).All(pair => pair.First.IsSame(pair.Second)))
        {
            FollowEntries(loader);
            return;
        }

        bool hasMadeRoom = needsNewEntries && MakeRoom(wanted, loader);
        AssignSerials(wanted);
        if (needsNewEntries || loader is not NoBootLoader) // a boot loader that counts tries tells deployments apart by their entries
        {
            SwapEntries(wanted, showStateroot, loader, checksRoom: !hasMadeRoom); // some file systems take a while to give it back
        }
        else
        {
            int version = MakeLinks(BootVersion, SubBootVersion, wanted);
            SyncStore();
            SwapLinks(BootVersion, version);
            SyncStore();
        }

        Touch();
        Load();
        FollowEntries(loader);
    }

    /// <summary>
    /// Makes the boot loader's own files agree with the boot entries, which a run that was killed may have left undone, or
    /// libostree may have written. The caller holds the sysroot's lock.
    /// </summary>
    /// <returns>Whether anything had to be changed.</returns>
    /// <exception cref="DeploymentException">The boot loader's partition is not there.</exception>
    public bool FollowEntries()
    {
        using IBootLoader loader = OpenBootLoader();
        return FollowEntries(loader);
    }

    /// <summary>
    /// As <see cref="FollowEntries()"/>, for whoever is told that somebody changed the deployments: waits until that is done,
    /// and looks again when it happens meanwhile.
    /// </summary>
    /// <returns>Whether anything had to be changed.</returns>
    /// <exception cref="DeploymentException">The boot loader's partition is not there.</exception>
    public bool FollowEntriesOfOthers(Action<string>? waiting, CancellationToken cancellation)
    {
        if (BootLoaderSettings.Read(Repository).Kind == BootLoaderKind.None)
        {
            return false;
        }

        bool changed = false;
        (DateTime?, DateTime?) seen;
        do
        {
            using SysrootLock held = Lock(waiting, cancellation);
            seen = LastWrite;
            changed |= FollowEntries();
        }
        while (LastWrite != seen);
        return changed;
    }

    // All who write deployments end with a touch of their directory; who edits entries in place replaces files among them.
    private (DateTime? Deployments, DateTime? Entries) LastWrite => (TryGetModified("ostree/deploy"), TryGetModified($"boot/loader.{BootVersion}/entries"));

    private DateTime? TryGetModified(string path) =>
        Root.TryGetStatus(path) is { } status ? DateTime.UnixEpoch.AddSeconds(status.ModifiedSeconds).AddMicroseconds(status.ModifiedNanoseconds / 1000d) : null;

    private bool FollowEntries(IBootLoader loader)
    {
        if (loader is NoBootLoader)
        {
            return false;
        }

        using DirectoryHandle boot = Root.OpenDirectory("boot");
        return loader.Follow(boot, MakeMenu());
    }

    /// <summary>How many tries the deployment that boots by default has left, if the boot loader counts them.</summary>
    internal int? ReadTriesLeft()
    {
        using IBootLoader loader = OpenBootLoader();
        return loader is NoBootLoader ? null : loader.ReadTriesLeft(MakeMenu());
    }

    private BootMenu MakeMenu() => MakeMenu(BootVersion, [.. _deployments.Where(deployment => !deployment.IsStaged)]);

    private BootMenu MakeMenu(int version, IReadOnlyList<Deployment> deployments) =>
        new(version, deployments, deployments.Count > 1 && !deployments[0].Origin.IsGood && HasHealthCheck(deployments[0]));

    // Nobody else would ever say that a boot went well.
    private bool HasHealthCheck(Deployment deployment)
    {
        using DirectoryHandle root = OpenDeployment(deployment);
        return HealthCheckLinks.Any(root.Exists);
    }

    private IBootLoader OpenBootLoader()
    {
        BootLoaderSettings settings = BootLoaderSettings.Read(Repository);
        if (settings.Kind == BootLoaderKind.None)
        {
            return new NoBootLoader();
        }

        return settings.Kind == BootLoaderKind.Grub
            ? new GrubLoader(TryOpenEfiPartition(settings), WarnOnce)
            : new SystemdBootLoader(OpenEfiPartition(settings) ?? throw new DeploymentException(
                $"the EFI system partition {settings.EfiPartition ?? "(none is configured)"} of {Path} is not among the disks of this machine, and systemd-boot reads its entries from there"));
    }

    private EfiPartition? OpenEfiPartition(BootLoaderSettings settings) => NewEfiPartition is { } made ? new EfiPartition(made, isOwned: false)
        : settings.EfiPartition is { } volume ? EfiPartition.TryOpen(volume) : null;

    // GRUB has nothing there but the counter of tries.
    private EfiPartition? TryOpenEfiPartition(BootLoaderSettings settings)
    {
        try
        {
            return OpenEfiPartition(settings);
        }
        catch (LinuxException e)
        {
            WarnOnce(GrubLoader.DescribeLoss(e));
            return null;
        }
    }

    private void WarnOnce(string message)
    {
        if (_warnings.Add(message))
        {
            Warned?.Invoke(message);
        }
    }

    private void DropStagedUnless(IReadOnlyList<Deployment> deployments)
    {
        if (Staged is { } staged && !deployments.Any(deployment => deployment.IsSame(staged)))
        {
            StagedDeployment.Remove();
            RemoveDeployment(staged);
            _deployments.Remove(staged);
        }
    }

    // Titles count as well: a menu that names another system than the one it boots misleads.
    private bool HaveEqualEntries(Deployment wanted, Deployment current, int index, bool showStateroot)
    {
        if (wanted.Bootcsum != current.Bootcsum || wanted.Stateroot != current.Stateroot || OptionsWithoutOstree(wanted) != OptionsWithoutOstree(current))
        {
            return false;
        }

        using DirectoryHandle root = OpenDeployment(wanted);
        return current.Entry.Title == MakeTitle(root, wanted, index, showStateroot);
    }

    private static bool AreOfSeveralStateroots(Deployment[] deployments) => deployments.Any(deployment => deployment.Stateroot != deployments[0].Stateroot);

    private static string OptionsWithoutOstree(Deployment deployment) => KernelArguments.Parse(deployment.Entry.Options).Remove("ostree").ToString();

    private string? CommitVersion(Deployment deployment) => Repository.LoadCommit(deployment.Commit).Metadata.TryGetString("version");

    private static void AssignSerials(Deployment[] deployments)
    {
        var counts = new Dictionary<string, int>();
        for (int i = 0; i < deployments.Length; i++)
        {
            int count = counts.GetValueOrDefault(deployments[i].Bootcsum);
            counts[deployments[i].Bootcsum] = count + 1;
            deployments[i].BootSerial = count;
            deployments[i].Index = i;
        }
    }

    private void SwapEntries(Deployment[] deployments, bool showStateroot, IBootLoader loader, bool checksRoom)
    {
        int version = BootVersion == 0 ? 1 : 0;
        using DirectoryHandle boot = Root.EnsureDirectory("boot");
        if (checksRoom)
        {
            RequireRoom(boot, loader, deployments);
        }

        boot.RemoveTree($"loader.{version}/entries");
        using DirectoryHandle entries = boot.EnsureDirectory($"loader.{version}/entries");
        foreach (Deployment deployment in deployments)
        {
            InstallKernel(boot, entries, version, deployment, deployments.Length, showStateroot);
        }

        using (DirectoryHandle folder = boot.OpenDirectory($"loader.{version}"))
        {
            loader.WriteBeside(folder, MakeMenu(version, deployments));
        }

        int subVersion = MakeLinks(version, ReadVersion($"ostree/boot.{version}", $"boot.{version}."), deployments);
        SwapLinks(version, subVersion);
        if (!Root.Exists("boot/boot"))
        {
            boot.CreateSymbolicLink(".", "boot"); // /boot may be its own file system or not: both spellings lead there
        }

        ReplaceLink(boot, $"loader.{version}", "loader.tmp");

        // All that the entries refer to is on disk before the one rename that makes them count.
        SyncStore();
        if (boot.GetStatus().Device != Repository.Directory.GetStatus().Device)
        {
            boot.SyncFilesystem();
        }

        FlushJournal(boot);
        boot.Rename("loader.tmp", boot, "loader");
        boot.SyncFilesystem();
        FlushJournal(boot);
    }

    // GRUB reads no journal: after a power cut it would follow the new link to what is only there, or not see either.
    private static void FlushJournal(DirectoryHandle boot)
    {
        if (BlockDevice.IsOnXfs(boot))
        {
            BlockDevice.TryFlushJournalWatched(boot);
        }
    }

    private void InstallKernel(DirectoryHandle boot, DirectoryHandle entries, int version, Deployment deployment, int count, bool showStateroot)
    {
        using DirectoryHandle root = OpenDeployment(deployment);
        KernelLayout kernel = KernelLayout.Find(root);
        string folder = $"ostree/{deployment.KernelDirectoryName}";
        using DirectoryHandle target = boot.EnsureDirectory(folder, 0x1FD);
        using DirectoryHandle source = root.OpenDirectory(kernel.Directory);
        foreach ((string from, string to) in kernel.Files)
        {
            if (!target.Exists(to))
            {
                LinkOrCopy(source, from, target, to);
            }
        }

        BootEntry entry = deployment.Entry.Clone();
        string prefix = Repository.Config.File.GetBoolean("sysroot", "bootprefix") == true ? "/boot/" : "/";
        entry.Title = MakeTitle(root, deployment, deployment.Index, showStateroot);
        entry.Version = (count - deployment.Index).ToString(System.Globalization.CultureInfo.InvariantCulture);
        entry.Linux = $"{prefix}{folder}/{kernel.KernelName}";
        entry.Initrd = kernel.InitramfsName is { } initramfs ? $"{prefix}{folder}/{initramfs}" : null;
        entry.Set("devicetree", kernel.DeviceTreeSource is null ? null : $"{prefix}{folder}/devicetree-{kernel.KernelVersion}");
        entry.Options = KernelArguments.Parse(entry.Options)
            .Replace("ostree", $"/ostree/boot.{version}/{deployment.Stateroot}/{deployment.Bootcsum}/{deployment.BootSerial}")
            .ToString();
        AppendExceptDefault(entry, isDefault: deployment.Index == 0);
        deployment.Entry = entry;
        entries.WriteAllBytesAtomically($"ostree-{count - deployment.Index}.conf", Encoding.UTF8.GetBytes(entry.ToString()), sync: false);
    }

    // What the repository's config wants in all entries but that which boots by default, as grub_users (ostree.repo-config(5)).
    private void AppendExceptDefault(BootEntry entry, bool isDefault)
    {
        const string Key = "bls-append-except-default";
        foreach (string pair in Repository.Config.File.ReadList("sysroot", Key))
        {
            int equals = pair.IndexOf('=');
            string key = equals > 0 ? pair[..equals] : throw new DeploymentException($"'{pair}' in sysroot.{Key} of the repository's config is not of the form KEY=VALUE");
            string value = pair[(equals + 1)..];
            if (!isDefault)
            {
                entry.Set(key, value);
            }
            else if (entry.Get(key) == value)
            {
                entry.Set(key, null);
            }
        }
    }

    private string MakeTitle(DirectoryHandle root, Deployment deployment, int index, bool showStateroot)
    {
        string title = OsRelease.ReadName(root);
        string? version = CommitVersion(deployment);
        if (!string.IsNullOrEmpty(version) && !title.Contains(version, StringComparison.Ordinal))
        {
            title += " " + version;
        }

        return $"{title} (ostree{(showStateroot ? ":" + deployment.Stateroot : "")}:{index})";
    }

    private static void LinkOrCopy(DirectoryHandle source, string from, DirectoryHandle target, string to)
    {
        try
        {
            source.CreateHardLink(from, target, to);
            return;
        }
        catch (LinuxException e) when (e.Error is Errno.EXDEV or Errno.EMLINK)
        {
            // /boot is a file system of its own.
        }

        using var content = source.OpenFile(from);
        FileStatus status = content.GetStatus(from);
        using var copy = target.CreateTemporaryFile();
        copy.CopyFrom(content, status.Size, to);
        copy.SetOwner(status.Uid, status.Gid, to);
        copy.SetMode(status.Permissions, to);
        copy.DataSync(to);
        target.LinkTemporaryFile(copy, to);
    }

    // The links by which the initramfs finds a deployment, in the set that is not in force.
    private int MakeLinks(int bootVersion, int currentSubVersion, Deployment[] deployments)
    {
        int subVersion = currentSubVersion == 0 ? 1 : 0;
        string name = $"ostree/boot.{bootVersion}.{subVersion}";
        Root.RemoveTree(name);
        using DirectoryHandle links = Root.EnsureDirectory(name);
        foreach (Deployment deployment in deployments)
        {
            using DirectoryHandle folder = links.EnsureDirectory($"{deployment.Stateroot}/{deployment.Bootcsum}");
            folder.CreateSymbolicLink(
                $"../../../deploy/{deployment.Stateroot}/deploy/{deployment.DirectoryName}",
                deployment.BootSerial.ToString(System.Globalization.CultureInfo.InvariantCulture));
        }

        return subVersion;
    }

    // Where deployments and the repository are; the root of a running host is an overlay of them.
    private void SyncStore() => Repository.Directory.SyncFilesystem();

    private void SwapLinks(int bootVersion, int subVersion)
    {
        using DirectoryHandle ostree = Root.OpenDirectoryFollowingLinks("ostree");
        ReplaceLink(ostree, $"boot.{bootVersion}.{subVersion}", $"boot.{bootVersion}");
    }

    private static void ReplaceLink(DirectoryHandle directory, string target, string name)
    {
        string temporary = $"{name}.tmp-{System.IO.Path.GetRandomFileName()}";
        directory.CreateSymbolicLink(target, temporary);
        directory.Rename(temporary, directory, name);
    }
}
