// Fills prepared file systems: repository, deployment, boot entries, boot loader.
using System.Text;
using Bootc.Deployments;
using Bootc.Deployments.Boot;
using Bootc.Import;
using Bootc.Import.SELinux;
using Bootc.Linux;
using Bootc.Oci;
using Bootc.Oci.Model;
using Bootc.Ostree;

namespace Bootc.Install;

/// <summary>Installs an image into file systems that are there, empty.</summary>
internal sealed class Installation(InstallOptions options, IOperationProgress progress)
{
    /// <summary>The stateroot where nobody asks for another one.</summary>
    public const string DefaultStateroot = "default";

    /// <summary>Whether the image was looked into before, so that what there is to say of it was said.</summary>
    public bool WasLookedInto { get; init; }

    private OstreeImageReference Target => options.Target ?? options.Source;

    /// <summary>Runs the installation.</summary>
    /// <returns>A sentence on what was installed, for the end.</returns>
    /// <exception cref="InstallException">The image lacks something that the installation needs.</exception>
    public async Task<string> RunAsync(InstallTarget target, CancellationToken cancellation)
    {
        UnfinishedInstallation.Mark(target.Root);
        Sysroot.Initialize(target.Root, options.Stateroot ?? DefaultStateroot);
        using Sysroot sysroot = Sysroot.Open(target.Root.Reopen());
        sysroot.NewEfiPartition = target.EfiPartition;
        using SysrootLock held = sysroot.Lock(progress, cancellation);
        var puller = new OperationContext(sysroot, options.Oci, progress) { WarnsOfLabel = !WasLookedInto };
        PreparedImport prepared = await puller.PrepareAsync(options.Source, cancellation).ConfigureAwait(false);
        prepared = prepared with { Reference = Target.Image };
        PulledImage pulled = await puller.PullAsync(prepared, cancellation).ConfigureAwait(false);
        CommitTree tree = sysroot.Repository.OpenTree(pulled.Image.MergeCommit);
        InstallConfig config = InstallConfig.Load("/").MergedWith(InstallConfig.Load(tree));
        var image = new BootLoaderImage(sysroot.Repository, tree);
        BootLoaderKind kind = target.Place.Choose(image, config, options.BootLoader);
        RenameStateroot(target.Root, config);
        sysroot.Repository.ChangeConfig(new BootLoaderSettings(kind, target.EfiVolumeId).ApplyTo);
        if (config.AppendExceptDefault is { } append)
        {
            sysroot.Repository.ChangeConfig(file => file.SetString("sysroot", "bls-append-except-default", append));
        }

        var context = new OperationContext(sysroot, options.Oci, progress) { ArrangeArguments = wanted => MakeArguments(target, config, kind, wanted), FetchesBoundImages = options.FetchesBoundImages };
        OstreeImageReference followed = FollowedImage(config);
        Deployment deployment = context.Deploy(pulled, prepared, Origin.ForImage(followed), retain: false);
        using DirectoryHandle root = sysroot.OpenDeployment(deployment);
        if (options.ChecksUpdates)
        {
            await CheckUpdatesAsync(followed.Image, root, cancellation).ConfigureAwait(false);
        }

        InstallBootLoader(kind, image, target, root);
        WriteSshKeys(root);
        context.CleanUp();
        SealIfPossible(sysroot, cancellation);
        DirectoryLabels? labels = options.DisableSELinux ? null : DirectoryLabels.TryLoad(sysroot.Repository, pulled.Image.MergeCommit);
        Aleph.Write(target.Root, pulled.Image, options, labels is not null);
        if (labels is not null)
        {
            progress.Step("Setting SELinux labels");
            new RootLabels(labels, target.Root).Apply(deployment.Path);
        }

        UnfinishedInstallation.Unmark(target.Root);
        return $"Installed: {options.Source.Image} (digest {pulled.Image.ManifestDigest})";
    }

    // Files were sealed as they were written: then the first boot can ask for it already.
    private void SealIfPossible(Sysroot sysroot, CancellationToken cancellation)
    {
        if (sysroot.Repository.CanSeal())
        {
            progress.Step("Sealing the store");
            new SealOperation(sysroot, progress).RunLocked(cancellation);
        }
    }

    // This machine may have credentials that the installed one lacks.
    private async Task CheckUpdatesAsync(ImageReference image, DirectoryHandle deployment, CancellationToken cancellation)
    {
        progress.Step("Checking that updates can be fetched");
        string file = deployment.Exists("etc/ostree/auth.json") ? "etc/ostree/auth.json" : "usr/lib/ostree/auth.json";
        var oci = new OciOptions { Root = deployment.ProcPath, AuthFile = $"{deployment.ProcPath}/{file}" };
        try
        {
            await using IImageSource source = ImageSources.Open(image, oci);
            await source.FetchManifestAsync(Platform.Current, cancellation).ConfigureAwait(false);
        }
        catch (OciException e)
        {
            throw new InstallException($"the installed system could not fetch {image} with its own settings and credentials: {e.Message}", e);
        }
    }

    // Whoever wants signatures checked is not overruled by who does not.
    private OstreeImageReference FollowedImage(InstallConfig config) =>
        config.EnforcesPolicy == true && Target.Verification == SignatureVerification.ContainerPolicyAllowInsecure ? Target with { Verification = SignatureVerification.ContainerPolicy } : Target;

    // The image says it only after it was fetched; nothing refers to the stateroot yet.
    private void RenameStateroot(DirectoryHandle root, InstallConfig config)
    {
        if (options.Stateroot is null && config.Stateroot is { } stateroot && stateroot != DefaultStateroot)
        {
            using DirectoryHandle deploy = root.OpenDirectory("ostree/deploy");
            deploy.Rename(DefaultStateroot, deploy, stateroot);
        }
    }

    // In the order in which the kernel shall read them, where the last one often counts: those of the command line last.
    private List<string> MakeArguments(InstallTarget target, InstallConfig config, BootLoaderKind kind, IReadOnlyList<string> wantedByImage)
    {
        // systemd-boot tells which disk it was started from, and the root is found there by its type.
        bool isDiscovered = config.DiscoverablePartitions == true && kind == BootLoaderKind.SystemdBoot;
        string? given = options.RootMountSpec ?? config.RootMountSpec ?? (isDiscovered ? "" : null);
        string root = given ?? target.RunningRoot?.Spec ?? $"UUID={target.RootUuid}";
        string boot = options.BootMountSpec ?? config.BootMountSpec ?? (target.BootUuid is { } uuid ? $"UUID={uuid}" : "");
        List<string> words = [];
        if (root.Length > 0)
        {
            words.Add($"root={root}");
        }

        if (given is null)
        {
            words.AddRange(target.RunningRoot?.Others ?? (target.Subvolume is { } subvolume ? [$"rootflags=subvol={subvolume}"] : []));
        }

        words.Add("rw");
        if (boot.Length > 0)
        {
            words.Add($"systemd.mount-extra={boot}:/boot:auto");
        }

        if (options.DisableSELinux)
        {
            words.Add("selinux=0");
        }

        AddWords(words, config.KernelArguments);
        AddWords(words, wantedByImage);
        words.RemoveAll(word => config.KernelArgumentsToDelete.Concat(options.KernelArgumentsToDelete).Any(deleted => word == deleted || word.StartsWith(deleted + "=", StringComparison.Ordinal)));
        AddWords(words, options.KernelArguments);
        return words;
    }

    // The settings of this machine are often those of the image, in which this program then runs.
    private static void AddWords(List<string> words, IEnumerable<string> texts) =>
        words.AddRange(texts.SelectMany(text => KernelArguments.Parse(text).Words).Distinct().Where(word => !words.Contains(word)).ToArray());

    private void InstallBootLoader(BootLoaderKind kind, BootLoaderImage image, InstallTarget target, DirectoryHandle deployment)
    {
        if (kind == BootLoaderKind.None)
        {
            return;
        }

        progress.Step($"Installing {(kind == BootLoaderKind.Grub ? "GRUB" : "systemd-boot")}");
        if (kind == BootLoaderKind.SystemdBoot)
        {
            image.InstallSystemdBoot(target.EfiPartition!);
            return;
        }

        bool bootsUefi = target.EfiPartition is { } partition && image.InstallGrub(partition, target.EfiVolumeId!, target.BootUuid ?? target.RootUuid);
        bool bootsBios = target.BiosBoot is not null && image.HasBiosGrub;
        if (bootsBios)
        {
            BiosGrub.Install(target.BiosBoot!, image, deployment, target.EfiVolumeId, target.BootUuid ?? target.RootUuid);
        }

        if (!bootsUefi || (target.BiosBoot is not null && !bootsBios))
        {
            progress.Warn($"The image has GRUB for {(bootsUefi ? "UEFI" : "BIOS")} only: machines with {(bootsUefi ? "BIOS" : "UEFI")} cannot boot this disk");
        }
    }

    private void WriteSshKeys(DirectoryHandle deployment)
    {
        if (options.RootSshAuthorizedKeys is not { } keys)
        {
            return;
        }

        // Root's home is in /var, which systemd-tmpfiles fills at the first boot.
        string content = Convert.ToBase64String(Encoding.UTF8.GetBytes(keys));
        using DirectoryHandle folder = deployment.EnsureDirectory("etc/tmpfiles.d");
        folder.WriteAllBytesAtomically("bootc-root-ssh.conf", Encoding.UTF8.GetBytes($"d /root/.ssh 0700 root root -\nf~ /root/.ssh/authorized_keys 0600 root root - {content}\n"), mode: 0x180);
    }
}
