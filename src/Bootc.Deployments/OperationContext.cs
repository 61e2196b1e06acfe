// What switch and upgrade have in common: a sysroot, an image to be pulled, a deployment to be made of it.
using Bootc.Composefs;
using Bootc.Composefs.FsVerity;
using Bootc.Deployments.Boot;
using Bootc.Deployments.Bound;
using Bootc.Deployments.Status;
using Bootc.Import;
using Bootc.Linux;
using Bootc.Oci;
using Bootc.Ostree;
using Bootc.Ostree.Objects;
using Bootc.Signatures;

namespace Bootc.Deployments;

/// <summary>pull and deploy, on one sysroot.</summary>
internal sealed class OperationContext(Sysroot sysroot, OciOptions oci, IOperationProgress progress)
{
    private const string BootcLabel = "containers.bootc";
    private const string OstreeBootableLabel = "ostree.bootable"; // of images older than that label

    // Where images end up there is room for them on the way.
    private readonly OciOptions _oci = oci with { TemporaryDirectory = sysroot.TemporaryDirectory, PartialBlobs = sysroot.TemporaryDirectory };
    private readonly Lazy<Dictionary<Checksum, VerityDigest>> _deployedDigests = new(() => ReadDeployedDigests(sysroot)); // asked for by several threads

    private ImagePolicy? _policy; // of the image that was looked up last
    private EarlyCheckout? _checkout; // of the image that is pulled, or was just now

    public Sysroot Sysroot { get; } = sysroot;

    public IOperationProgress Progress { get; } = progress;

    /// <summary>Makes the kernel arguments of a first deployment of those that the image asks for.</summary>
    public Func<IReadOnlyList<string>, IReadOnlyList<string>>? ArrangeArguments { get; init; }

    /// <summary>Whether images that the image binds are fetched before it is deployed.</summary>
    public bool FetchesBoundImages { get; init; } = true;

    /// <summary>Whether it is told when an image does not say of itself that it is bootable.</summary>
    public bool WarnsOfLabel { get; init; } = true;

    /// <summary>Adds what the host wants besides its image; without it, such a host is refused.</summary>
    public IDeriver? Deriver { get; init; }

    /// <inheritdoc cref="Sysroot.Current"/>
    public Deployment? Current => Sysroot.Current;

    /// <inheritdoc cref="Sysroot.Wished"/>
    public Deployment? Wished => Sysroot.Wished;

    /// <summary>The stateroot of new deployments.</summary>
    public string Stateroot => Current?.Stateroot ?? (Sysroot.ListStateroots() is [var only]
        ? only
        : throw new DeploymentException($"{Sysroot.Path} has no deployment, and its stateroots are {string.Join(", ", Sysroot.ListStateroots().DefaultIfEmpty("none"))}: which one to use is not clear"));

    /// <summary>Looks an image up that follows no other one.</summary>
    public Task<PreparedImport> PrepareAsync(OstreeImageReference reference, CancellationToken cancellation) => PrepareAsync(reference, null, null, cancellation);

    /// <summary>Looks an image up.</summary>
    /// <param name="reference">The image.</param>
    /// <param name="release">The one image that is wanted, by its digest, where it is not to be the newest under the reference; it is kept under the reference.</param>
    /// <param name="before">What was found of the signatures of the image that it would follow: it must be signed if that one was.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public async Task<PreparedImport> PrepareAsync(OstreeImageReference reference, ImageReference? release, VerificationStatus? before, CancellationToken cancellation)
    {
        ImageReference wanted = release ?? reference.Image;
        ImagePolicy policy = ImagePolicy.For(reference, release, _oci, Sysroot.Repository, before);
        _policy = policy;
        IImageSource source = ImageSources.Open(wanted, _oci);
        if (reference.Image.Transport == Transport.DockerDaemon)
        {
            Progress.Step($"Reading {reference.Image} from the container engine"); // which gives it whole, before what it is is known
        }

        var importer = new ImageImporter(Sysroot.Repository, new ImportOptions { KnownDigests = FindDeployedDigest, Admit = policy.AdmitAsync, AdmitCommit = policy.AdmitCommit });
        PreparedImport prepared = await importer.PrepareAsync(source, reference.Image, cancellation).ConfigureAwait(false);
        if (WarnsOfLabel && prepared.Config.Labels.GetValueOrDefault(BootcLabel) != "1" && !prepared.Config.Labels.ContainsKey(OstreeBootableLabel))
        {
            Progress.Warn($"{reference.Image} does not say that it is a bootable OS image (label {BootcLabel}=1)");
        }

        return prepared;
    }

    /// <summary>The reference of one image in the repository of another reference; <see langword="null"/> where no image is chosen.</summary>
    /// <exception cref="DeploymentException">The reference names no registry.</exception>
    public static ImageReference? FindRelease(OstreeImageReference target, Oci.Model.Digest? release)
    {
        if (release is not { } digest)
        {
            return null;
        }

        return target.Image.Transport == Transport.Registry
            ? target.Image with { Name = (RegistryReference.Parse(target.Image.Name) with { Tag = null, Digest = digest }).ToString() }
            : throw new DeploymentException($"a release is chosen by its digest in a registry, and {target.Image} is in none");
    }

    /// <summary>Brings an image that was looked up into the repository.</summary>
    public Task<PulledImage> PullAsync(PreparedImport prepared, CancellationToken cancellation) => PullAsync(prepared, null, cancellation);

    /// <summary>Brings an image that was looked up into the repository, of which a deployment is to be made then.</summary>
    /// <param name="prepared">The image.</param>
    /// <param name="origin">What the deployment will follow; <see langword="null"/> where none is made.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task<PulledImage> PullAsync(PreparedImport prepared, Origin? origin, CancellationToken cancellation)
    {
        Sysroot.FollowEntries(); // a boot loader that cannot be reached is better known before the image is fetched
        try
        {
            return await PullAsync(prepared, begins: origin?.IsImageAlone == true, cancellation).ConfigureAwait(false);
        }
        catch
        {
            _checkout?.Dispose();
            throw;
        }
    }

    private async Task<PulledImage> PullAsync(PreparedImport prepared, bool begins, CancellationToken cancellation)
    {
        if (begins)
        {
            Sysroot.RemoveLeftovers(); // of a run that was killed; later it would be what is made here
        }

        var options = new ImportOptions { KnownDigests = FindDeployedDigest, FindImageLike = () => Sysroot.FindImageLike(null), AdmitCommit = _policy?.AdmitCommit, Anticipate = begins ? BeginCheckout : null };
        PulledImage image = await new ImageImporter(Sysroot.Repository, options).ImportAsync(prepared, Progress, cancellation).ConfigureAwait(false);
        await prepared.Source.DisposeAsync().ConfigureAwait(false);
        if (prepared.Previous is { } previous)
        {
            Sysroot.NoteLoss(previous.MergeCommit); // the ref now stands for the new image
        }

        RequireBootable(image.Image, prepared);
        NoteVerdict(image.Image.MergeCommit);
        return image;
    }

    /// <summary>Asks the policy of an image that was pulled before, by what was found of its signatures then.</summary>
    /// <exception cref="PolicyRejectedException">It may not be used.</exception>
    public void AdmitPulled(OstreeImageReference reference, StoredImage image, VerificationStatus? before) =>
        ImagePolicy.For(reference, null, _oci, Sysroot.Repository, before).AdmitPulled(Verification.Read(Sysroot.Repository, image.MergeCommit));

    /// <summary>Whether the image that was looked up last was accepted by a signature.</summary>
    public bool IsSigned => _policy?.Verdict?.IsSigned == true;

    /// <summary>Warns when less is asked of the image that was looked up last than of the one before. Who chooses another image may do so; it is not to go unseen.</summary>
    /// <param name="target">The image that was looked up.</param>
    /// <param name="previous">What was followed until now, if anything was.</param>
    public void WarnOfDowngrade(OstreeImageReference target, OstreeImageReference? previous)
    {
        if (target.Verification == SignatureVerification.OstreeRemote)
        {
            return; // nothing unsigned gets through
        }

        if (previous is { Verification: not SignatureVerification.ContainerPolicyAllowInsecure } && target.Verification == SignatureVerification.ContainerPolicyAllowInsecure)
        {
            Progress.Warn($"{previous.Image} had to be signed, and {target.Image} has not: --enforce-container-sigpolicy asks for that");
        }
        else if (Current is { } current && Verification.Read(Sysroot.Repository, current.Commit) is not null && !IsSigned)
        {
            Progress.Warn($"the image before was signed, and {target.Image} is accepted without a signature");
        }
    }

    /// <summary>Remembers what was found of the signatures of the image that was looked up last.</summary>
    public void NoteVerdict(Checksum commit)
    {
        if (IsSigned || !IsFollowedElsewhere(ImageStore.BaseOf(Sysroot.Repository, commit)))
        {
            Verification.Write(Sysroot.Repository, commit, _policy?.Verdict);
        }
    }

    // The very image may come under another name, of which less is asked: what is known of the one that a deployment follows stays.
    private bool IsFollowedElsewhere(Checksum commit) =>
        Sysroot.Deployments.Any(deployment => deployment.Origin.Image?.Image != _policy?.Followed && ImageStore.BaseOf(Sysroot.Repository, deployment.Commit) == commit);

    /// <summary>Makes a deployment of an image that boots next; the one before stays to fall back to.</summary>
    /// <param name="image">The image.</param>
    /// <param name="pulled">How it was pulled, when that was just now: if it cannot be deployed, its reference stands for the image before.</param>
    /// <param name="origin">What the deployment follows.</param>
    /// <param name="retain">Whether all other deployments stay as well.</param>
    /// <param name="locked">On a running host: the deployment waits to be released.</param>
    /// <param name="cancellation">Ends the making of the commit; what is deployed is deployed whole.</param>
    public Deployment Deploy(PulledImage image, PreparedImport? pulled, Origin origin, bool retain, bool locked = false, CancellationToken cancellation = default)
    {
        try
        {
            return Deploy(Derive(image, origin, looksForNewer: false, cancellation), origin, retain, locked, cancellation);
        }
        catch when (pulled is not null)
        {
            _checkout?.Dispose();
            TakeBack(pulled, image.Image);
            throw;
        }
    }

    /// <summary>Makes a deployment of a commit that boots next; the one before stays to fall back to.</summary>
    /// <inheritdoc cref="Deploy(PulledImage, PreparedImport, Origin, bool, bool, CancellationToken)" path="/param"/>
    public Deployment Deploy(DerivedCommit derived, Origin origin, bool retain, bool locked, CancellationToken cancellation = default)
    {
        Deployment? merge = Current;
        if (_checkout is null)
        {
            Sysroot.RemoveLeftovers(); // of a run that was killed
        }

        Deployment deployment = DeployAndWriteEntries(derived, origin, merge, retain, locked, cancellation);
        ImageStore.ClearCachedUpdate(Sysroot.Repository, deployment.Commit);
        if (merge is not null)
        {
            ImageStore.ClearCachedUpdate(Sysroot.Repository, merge.Commit);
        }

        return deployment;
    }

    /// <summary>Makes the commit that is deployed of an image and of what the host wants besides.</summary>
    /// <param name="image">The image.</param>
    /// <param name="origin">Says what is wanted.</param>
    /// <param name="looksForNewer">Whether newer packages are looked for although nothing else is new.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="DeploymentException">What the host wants cannot be had.</exception>
    public DerivedCommit Derive(PulledImage image, Origin origin, bool looksForNewer, CancellationToken cancellation)
    {
        if (origin.IsImageAlone)
        {
            return new DerivedCommit(image.Image.MergeCommit, image.Composefs, image.Facts.TryGet);
        }

        var request = new DeriveRequest
        {
            Sysroot = Sysroot,
            Image = image,
            Origin = origin,
            Merge = Current,
            LooksForNewer = looksForNewer,
            Progress = Progress,
            KnownDigests = FindDeployedDigest,
        };
        return (Deriver ?? throw new DeploymentException("the host wants packages or an initramfs besides its image, which this command does not make")).Derive(request, cancellation);
    }

    /// <summary>Fetches the images that a deployment binds, if they are wanted: before anything says that it boots.</summary>
    /// <exception cref="BoundImageException">One cannot be had.</exception>
    public void FetchBoundImages(Checksum commit, Origin origin, CancellationToken cancellation)
    {
        if (FetchesBoundImages)
        {
            new BoundStore(Sysroot, _oci, Progress).Fetch(commit, origin, cancellation);
        }
    }

    private Deployment DeployAndWriteEntries(DerivedCommit derived, Origin origin, Deployment? merge, bool retain, bool locked, CancellationToken cancellation)
    {
        FetchBoundImages(derived.Commit, origin, cancellation);
        Progress.Step("Deploying");
        Deployment deployment = Sysroot.Deploy(new DeployRequest
        {
            Stateroot = Stateroot,
            Commit = derived.Commit,
            Origin = origin,
            Merge = merge,
            ArrangeArguments = ArrangeArguments,
            IsLocked = locked,
            ComposefsImage = derived.Composefs,
            Checkout = _checkout,
            Facts = derived.Facts,
            KnownDigests = FindDeployedDigest,
        });
        if (Sysroot.Booted is null)
        {
            Progress.Step("Writing boot entries");
            Sysroot.WriteDeployments(Sysroot.ListWith(deployment, merge, retain));
        }

        return deployment;
    }

    private EarlyCheckout BeginCheckout(AnticipatedCommit commit) => _checkout = Sysroot.BeginCheckout(Stateroot, commit);

    // What is in force now decides what is left over; nothing here may hide the error that led to it.
    private void TakeBack(PreparedImport pulled, StoredImage image)
    {
        try
        {
            Sysroot.Load();
            if (Sysroot.Deployments.All(deployment => ImageStore.BaseOf(Sysroot.Repository, deployment.Commit) != image.MergeCommit))
            {
                ImageStore.Revert(Sysroot.Repository, pulled);
            }

            Sysroot.RemoveLeftovers();
        }
        catch (Exception e) when (e is IOException or DeploymentException or OstreeException)
        {
            Progress.Warn($"What was begun is not removed yet, the next run will do it: {e.Message}");
        }
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
        new BoundStore(Sysroot, _oci, Progress).Prune();
    }

    // What cannot boot is not kept under its reference: the image that was there before is.
    private void RequireBootable(StoredImage image, PreparedImport prepared)
    {
        try
        {
            BootableImage.Require(Sysroot.Repository, Sysroot.Repository.OpenTree(image.MergeCommit), prepared.Reference.ToString());
        }
        catch (DeploymentException)
        {
            ImageStore.Revert(Sysroot.Repository, prepared);
            throw;
        }
    }

    // Deployments' images name every file with its digest, so that an update need not read what it does not change.
    private VerityDigest? FindDeployedDigest(Checksum file) => _deployedDigests.Value.TryGetValue(file, out VerityDigest digest) ? digest : null;

    private static Dictionary<Checksum, VerityDigest> ReadDeployedDigests(Sysroot sysroot)
    {
        var digests = new Dictionary<Checksum, VerityDigest>();
        foreach (Deployment deployment in sysroot.Deployments)
        {
            if (sysroot.Root.TryReadAllBytes($"{deployment.Path}/.ostree.cfs") is not { } image)
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
