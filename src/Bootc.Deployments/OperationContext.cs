// What switch and upgrade have in common: a sysroot, an image to be pulled, a deployment to be made of it.
using Bootc.Composefs;
using Bootc.Composefs.FsVerity;
using Bootc.Import;
using Bootc.Linux;
using Bootc.Oci;
using Bootc.Ostree.Objects;

namespace Bootc.Deployments;

/// <summary>pull and deploy, on one sysroot.</summary>
internal sealed class OperationContext(Sysroot sysroot, OciOptions oci, IOperationProgress progress)
{
    private const string BootcLabel = "containers.bootc";
    private Dictionary<Checksum, VerityDigest>? _deployedDigests;

    public Sysroot Sysroot { get; } = sysroot;

    public IOperationProgress Progress { get; } = progress;

    /// <summary>The deployment whose wish and state new ones follow.</summary>
    public Deployment? Current => Sysroot.Booted ?? Sysroot.Default;

    /// <summary>The stateroot of new deployments.</summary>
    public string Stateroot => Current?.Stateroot ?? (Sysroot.ListStateroots() is [var only]
        ? only
        : throw new DeploymentException($"{Sysroot.Path} has no deployment, and its stateroots are {string.Join(", ", Sysroot.ListStateroots().DefaultIfEmpty("none"))}: which one to use is not clear"));

    /// <summary>Looks an image up.</summary>
    public async Task<PreparedImport> PrepareAsync(OstreeImageReference reference, CancellationToken cancellation)
    {
        ImagePolicy.Check(reference);
        IImageSource source = ImageSources.Open(reference.Image, oci);
        var importer = new ImageImporter(Sysroot.Repository, new ImportOptions { KnownDigests = FindDeployedDigest });
        PreparedImport prepared = await importer.PrepareAsync(source, reference.Image, cancellation).ConfigureAwait(false);
        if (prepared.Config.Labels.GetValueOrDefault(BootcLabel) != "1")
        {
            Progress.Warn($"{reference.Image} does not say that it is a bootable OS image (label {BootcLabel}=1)");
        }

        return prepared;
    }

    /// <summary>Brings an image that was looked up into the repository.</summary>
    public async Task<PulledImage> PullAsync(PreparedImport prepared, CancellationToken cancellation)
    {
        var importer = new ImageImporter(Sysroot.Repository, new ImportOptions { KnownDigests = FindDeployedDigest });
        PulledImage image = await importer.ImportAsync(prepared, Progress, cancellation).ConfigureAwait(false);
        await prepared.Source.DisposeAsync().ConfigureAwait(false);
        if (prepared.Previous is { } previous)
        {
            Sysroot.NoteLoss(previous.MergeCommit); // the ref now stands for the new image
        }

        RequireKernel(image.Image, prepared.Reference);
        return image;
    }

    /// <summary>Makes a deployment of an image that boots next; the one before stays to fall back to.</summary>
    public Deployment Deploy(PulledImage image, Origin origin, bool retain, bool locked = false)
    {
        Progress.Step("Deploying");
        Deployment? merge = Current;
        Deployment deployment = Sysroot.Deploy(new DeployRequest
        {
            Stateroot = Stateroot,
            Commit = image.Image.MergeCommit,
            Origin = origin,
            Merge = merge,
            IsLocked = locked,
            ComposefsImage = image.Composefs,
            Facts = image.Facts.TryGet,
            KnownDigests = FindDeployedDigest,
        });
        if (Sysroot.Booted is null)
        {
            Progress.Step("Writing boot entries");
            Sysroot.WriteDeployments(Sysroot.ListWith(deployment, merge, retain));
        }

        ImageStore.ClearCachedUpdate(Sysroot.Repository, deployment.Commit);
        if (merge is not null)
        {
            ImageStore.ClearCachedUpdate(Sysroot.Repository, merge.Commit);
        }

        return deployment;
    }

    /// <summary>Lets go of an image that is not followed any more.</summary>
    public void Forget(ImageReference image)
    {
        if (ImageStore.QueryImage(Sysroot.Repository, image) is { } stored)
        {
            Sysroot.NoteLoss(stored.MergeCommit);
            ImageStore.RemoveImage(Sysroot.Repository, image);
        }
    }

    /// <summary>Removes what nothing needs any more.</summary>
    public void CleanUp()
    {
        Progress.Step("Cleaning up");
        Sysroot.CleanUp();
    }

    private void RequireKernel(StoredImage image, ImageReference reference)
    {
        DirTree? modules = Sysroot.Repository.OpenTree(image.MergeCommit).TryGetDirectory("usr/lib/modules");
        bool hasKernel = modules?.Directories.Any(version => Sysroot.Repository.LoadDirTree(version.Tree).Files.Any(file => file.Name == "vmlinuz")) ?? false;
        if (!hasKernel)
        {
            ImageStore.RemoveImage(Sysroot.Repository, reference);
            throw new DeploymentException($"{reference} is not bootable: it has no kernel at /usr/lib/modules/VERSION/vmlinuz");
        }
    }

    // Deployments' images name every file with its digest, so that an update need not read what it does not change.
    private VerityDigest? FindDeployedDigest(Checksum file)
    {
        _deployedDigests ??= ReadDeployedDigests();
        return _deployedDigests.TryGetValue(file, out VerityDigest digest) ? digest : null;
    }

    private Dictionary<Checksum, VerityDigest> ReadDeployedDigests()
    {
        var digests = new Dictionary<Checksum, VerityDigest>();
        foreach (Deployment deployment in Sysroot.Deployments)
        {
            if (Sysroot.Root.TryReadAllBytes($"{deployment.Path}/.ostree.cfs") is not { } image)
            {
                continue;
            }

            try
            {
                Collect(ComposefsImage.Read(image), digests);
            }
            catch (ComposefsFormatException)
            {
                // A damaged image is no source of digests; the files themselves are read instead.
            }
        }

        return digests;
    }

    private static void Collect(ComposefsNode node, Dictionary<Checksum, VerityDigest> digests)
    {
        if (node.Kind == FileKind.Regular && node.Digest is { } digest && node.Payload is { Length: 70 } payload && Checksum.TryParse(string.Concat(payload.AsSpan(0, 2), payload.AsSpan(3, 62)), out Checksum file))
        {
            digests[file] = digest;
        }

        foreach (ComposefsNode child in node.Children.Values)
        {
            Collect(child, digests);
        }
    }
}
