// Whether an image may be used: what the host's policy says, and what the image's reference asks besides.
using Bootc.Deployments.Status;
using Bootc.Import;
using Bootc.Oci;
using Bootc.Oci.Model;
using Bootc.Ostree;
using Bootc.Ostree.GVariant;
using Bootc.Ostree.Objects;
using Bootc.Signatures;
using Bootc.Signatures.Commits;
using Bootc.Signatures.Policy;

namespace Bootc.Deployments;

/// <summary>The containers-policy.json(5) of the host, for one image.</summary>
internal sealed class ImagePolicy
{
    private readonly OstreeImageReference _reference; // what is looked up
    private readonly ContainersPolicy? _policy;
    private readonly string _path;
    private readonly RemoteTrust? _remote;
    private readonly OciOptions _oci;
    private Digest? _manifest;
    private PolicyVerdict? _byPolicy;

    private ImagePolicy(OstreeImageReference reference, ImageReference? release, ContainersPolicy? policy, string path, OciOptions oci, RemoteTrust? remote)
    {
        _oci = oci;
        Followed = reference.Image;
        _reference = release is null ? reference : reference with { Image = release };
        _policy = policy;
        _path = path;
        _remote = remote;
    }

    /// <summary>The policy for an image. What can be refused without a look at the image is refused here.</summary>
    /// <param name="reference">The image, and whether it must be signed.</param>
    /// <param name="release">
    /// What is looked up in its place, such as one image by its digest; what is asked of the reference is asked of it as well. <see langword="null"/> for the reference itself.
    /// </param>
    /// <param name="oci">Where the host's settings are; where there is no policy, anything is accepted.</param>
    /// <param name="repository">Where the settings of an ostree remote are.</param>
    /// <param name="before">What was found of the signatures of the image before it, under the same name: if it was signed, this one must be.</param>
    /// <exception cref="PolicyRejectedException">The image may not be used, whoever signed it.</exception>
    public static ImagePolicy For(OstreeImageReference reference, ImageReference? release, OciOptions oci, Repository repository, VerificationStatus? before = null)
    {
        string path = Path.Combine(oci.Root, "etc/containers/policy.json");
        RemoteTrust? remote = reference.Verification == SignatureVerification.OstreeRemote ? LoadRemote(reference, oci, repository) : null;
        var policy = new ImagePolicy(reference, release, TryLoad(path), path, oci, remote) { Before = before };
        policy.RefuseEarly();
        return policy;
    }

    /// <summary>The name by which the host follows the image.</summary>
    public ImageReference Followed { get; }

    /// <summary>What was found, once an image was admitted; <see langword="null"/> where there is no policy.</summary>
    public PolicyVerdict? Verdict { get; private set; }

    /// <summary>Asked of the ostree commit in an image that the keys of a remote must vouch for; <see langword="null"/> for any other.</summary>
    public CommitAdmission? AdmitCommit => _remote is null ? null : AdmitByRemote;

    private VerificationStatus? Before { get; init; }

    /// <summary>Checks the signatures of an image whose manifest is known.</summary>
    /// <exception cref="PolicyRejectedException">The image may not be used.</exception>
    /// <exception cref="OciException">The signatures cannot be had.</exception>
    public async Task AdmitAsync(IImageSource source, ResolvedManifest manifest, CancellationToken cancellation)
    {
        _manifest = manifest.Digest;
        if (_policy is null)
        {
            RefuseDowngrade();
            return;
        }

        PolicyVerdict verdict = await new PolicyCheck(_policy) { Options = _oci, Followed = Followed }.RunAsync(source, manifest, cancellation).ConfigureAwait(false);
        if (!verdict.IsAccepted)
        {
            throw new PolicyRejectedException($"{_path} refuses {_reference.Image} ({verdict.Scope}): {verdict.Reason}");
        }

        if (MustBeSigned && !verdict.IsSigned)
        {
            throw Unsigned();
        }

        if (!verdict.IsSigned)
        {
            RefuseDowngrade();
        }

        Verdict = _byPolicy = verdict;
    }

    /// <summary>Checks an image that was pulled before, whose signatures were looked at then.</summary>
    /// <param name="found">What was found of them; <see langword="null"/> where it was accepted without one.</param>
    /// <exception cref="PolicyRejectedException">The image may not be used.</exception>
    public void AdmitPulled(VerificationStatus? found)
    {
        bool isSigned = found?.Signatures.Length > 0 && (_remote is null || found.Policy == PolicyOfRemote);
        if (!isSigned && (MustBeSigned || _remote is not null || Choice?.Requirements.Any(requirement => requirement is not AcceptAnything) == true))
        {
            throw new PolicyRejectedException($"{_reference.Image} must be signed, and no signature was asked for when it was downloaded: run 'bootc upgrade' instead, which asks for one");
        }

        if (!isSigned)
        {
            RefuseDowngrade();
        }
    }

    // The host's policy for images comes before, and holds as well.
    private void AdmitByRemote(Checksum checksum, ReadOnlyMemory<byte> commit, VariantDictionary? metadata)
    {
        try
        {
            IReadOnlyList<RequirementResult> results = _remote!.Verify(commit, metadata);
            Verdict = new PolicyVerdict(PolicyOfRemote, $"the commit {checksum}", _manifest!.Value, [.. _byPolicy?.Requirements ?? [], .. results]);
        }
        catch (InvalidSignatureException e)
        {
            throw new PolicyRejectedException($"the ostree commit {checksum} in {_reference.Image} is not signed as the remote {_remote!.Remote} asks: {e.Message}");
        }
    }

    // Otherwise, whoever can change the policy's file, or lose it, would take the signatures' protection away unseen.
    private void RefuseDowngrade()
    {
        if (_remote is null && Before is { Signatures: [var signature, ..] })
        {
            throw new PolicyRejectedException(
                $"{_reference.Image} was signed by {signature.Signer} when it was pulled, and now {(_policy is null ? $"there is no {_path}" : $"{_path} accepts it without a signature")}: have the policy ask for one again, or accept the update with --allow-unsigned");
        }
    }

    private string PolicyOfRemote => $"the ostree remote {_remote!.Remote}";

    private PolicyChoice? Choice => _policy?.Find(_reference.Image, Followed, _oci);

    private bool MustBeSigned => _reference.Verification == SignatureVerification.ContainerPolicy;

    private static RemoteTrust LoadRemote(OstreeImageReference reference, OciOptions oci, Repository repository)
    {
        try
        {
            return RemoteTrust.Load(repository, reference.Remote!, oci.Root);
        }
        catch (TrustRootException e)
        {
            throw new PolicyRejectedException($"{reference.Image} cannot be verified: {e.Message}");
        }
    }

    private static ContainersPolicy? TryLoad(string path)
    {
        try
        {
            return ContainersPolicy.TryLoad(path);
        }
        catch (PolicyFormatException e)
        {
            throw new PolicyRejectedException(e.Message);
        }
    }

    private void RefuseEarly()
    {
        PolicyChoice? choice = Choice;
        if (choice?.Requirements.Any(requirement => requirement is Reject) == true)
        {
            throw new PolicyRejectedException($"{_path} rejects {_reference.Image} ({choice.Scope})");
        }

        if (MustBeSigned && choice?.Requirements.Any(requirement => requirement is not AcceptAnything) != true)
        {
            throw Unsigned();
        }
    }

    private PolicyRejectedException Unsigned() =>
        new($"{_reference.Image} must be signed, and {_path} accepts it without a signature: add a requirement there, or use the image unverified");
}
