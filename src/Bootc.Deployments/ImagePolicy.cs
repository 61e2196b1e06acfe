// Whether an image may be used: what the host's policy says, and what the image's reference asks besides.
using Bootc.Deployments.Status;
using Bootc.Oci;
using Bootc.Signatures;
using Bootc.Signatures.Policy;

namespace Bootc.Deployments;

/// <summary>The containers-policy.json(5) of the host, for one image.</summary>
internal sealed class ImagePolicy
{
    private readonly OstreeImageReference _reference;
    private readonly ContainersPolicy? _policy;
    private readonly string _path;

    private ImagePolicy(OstreeImageReference reference, ContainersPolicy? policy, string path)
    {
        _reference = reference;
        _policy = policy;
        _path = path;
    }

    /// <summary>The policy for an image. What can be refused without a look at the image is refused here.</summary>
    /// <param name="reference">The image, and whether it must be signed.</param>
    /// <param name="oci">Where the host's settings are; where there is no policy, anything is accepted.</param>
    /// <param name="before">What was found of the signatures of the image before it, under the same name: if it was signed, this one must be.</param>
    /// <exception cref="PolicyRejectedException">The image may not be used, whoever signed it.</exception>
    public static ImagePolicy For(OstreeImageReference reference, OciOptions oci, VerificationStatus? before = null)
    {
        string path = Path.Combine(oci.Root, "etc/containers/policy.json");
        if (reference.Verification == SignatureVerification.OstreeRemote)
        {
            throw new PolicyRejectedException($"{reference}: the commits in images cannot be verified by the keys of an ostree remote");
        }

        var policy = new ImagePolicy(reference, TryLoad(path), path) { Before = before };
        policy.RefuseEarly();
        return policy;
    }

    /// <summary>What was found, once an image was admitted; <see langword="null"/> where there is no policy.</summary>
    public PolicyVerdict? Verdict { get; private set; }

    private VerificationStatus? Before { get; init; }

    /// <summary>Checks the signatures of an image whose manifest is known.</summary>
    /// <exception cref="PolicyRejectedException">The image may not be used.</exception>
    /// <exception cref="OciException">The signatures cannot be had.</exception>
    public async Task AdmitAsync(IImageSource source, ResolvedManifest manifest, CancellationToken cancellation)
    {
        if (_policy is null)
        {
            RefuseDowngrade();
            return;
        }

        PolicyVerdict verdict = await new PolicyCheck(_policy).RunAsync(source, manifest, cancellation).ConfigureAwait(false);
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

        Verdict = verdict;
    }

    // Otherwise, whoever can change the policy's file, or lose it, would take the signatures' protection away unseen.
    private void RefuseDowngrade()
    {
        if (Before is { Signatures: [var signature, ..] })
        {
            throw new PolicyRejectedException(
                $"{_reference.Image} was signed by {signature.Signer} when it was pulled, and now {(_policy is null ? $"there is no {_path}" : $"{_path} accepts it without a signature")}: have the policy ask for one again, or accept the update with --allow-unsigned");
        }
    }

    private bool MustBeSigned => _reference.Verification == SignatureVerification.ContainerPolicy;

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
        PolicyChoice? choice = _policy?.Find(_reference.Image);
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
