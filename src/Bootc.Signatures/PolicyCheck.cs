// Asks a policy whether an image may be used.
using Bootc.Oci;
using Bootc.Oci.Model;
using Bootc.Oci.Signatures;
using Bootc.Signatures.OpenPgp;
using Bootc.Signatures.Policy;
using Bootc.Signatures.Sigstore;
using Bootc.Signatures.Sigstore.Bundles;

namespace Bootc.Signatures;

/// <summary>Looks at an image's signatures in the light of a policy.</summary>
/// <param name="policy">The policy.</param>
/// <param name="clock">What time it is, for keys and certificates that expire.</param>
public sealed class PolicyCheck(ContainersPolicy policy, TimeProvider? clock = null)
{
    private readonly TimeProvider _clock = clock ?? TimeProvider.System;
    private TrustedRoot? _trustedRoot;

    /// <summary>Where the host's settings are: of storage, and a trusted root for Sigstore (<see cref="TrustedRoot.HostPath"/>).</summary>
    public OciOptions Options { get; init; } = new();

    /// <summary>
    /// The name under which the host follows the image, where it is looked up by another one, such as its digest: what the policy
    /// asks of images of that name has to be met as well.
    /// </summary>
    public ImageReference? Followed { get; init; }

    /// <summary>Checks an image before anything of it but its manifest is read.</summary>
    /// <remarks>
    /// The requirements are asked of the manifest that is used. Where that one was chosen from an index and does not meet them by
    /// signatures of its own, they are asked of the index, which names the manifest by its digest: that is what was signed when a
    /// whole index was.
    /// </remarks>
    /// <exception cref="OciException">The signatures cannot be had.</exception>
    public async Task<PolicyVerdict> RunAsync(IImageSource source, ResolvedManifest manifest, CancellationToken cancellation)
    {
        PolicyVerdict verdict = await RunAsync(source, manifest.Digest, manifest.Bytes, manifest.IndexDigest, cancellation).ConfigureAwait(false);
        if (verdict.IsAccepted || manifest.IndexDigest is not { } index)
        {
            return verdict;
        }

        PolicyVerdict whole = await RunAsync(source, index, manifest.IndexBytes, null, cancellation).ConfigureAwait(false);
        return whole.IsAccepted ? whole : verdict;
    }

    private async Task<PolicyVerdict> RunAsync(IImageSource source, Digest digest, ReadOnlyMemory<byte> bytes, Digest? index, CancellationToken cancellation)
    {
        PolicyChoice choice = policy.Find(source.Reference, Followed, Options);
        var image = new SignedImage(DockerReference.Of(source.Reference), bytes);
        IReadOnlyList<ImageSignature>? signatures = null;
        var results = new List<RequirementResult>();
        foreach (PolicyRequirement requirement in choice.Requirements)
        {
            if (requirement is SignedBy or SigstoreSigned)
            {
                signatures ??= await source.FetchSignaturesAsync(digest, index, cancellation).ConfigureAwait(false);
            }

            results.Add(Check(requirement, image, signatures ?? []));
        }

        return new PolicyVerdict(policy.Name, choice.Scope, digest, results);
    }

    private RequirementResult Check(PolicyRequirement requirement, SignedImage image, IReadOnlyList<ImageSignature> signatures)
    {
        try
        {
            return requirement switch
            {
                AcceptAnything => new(requirement, true, null, null),
                Reject => new(requirement, false, null, "no image may be used"),
                SignedBy signed => Check(requirement, new SimpleSigningVerifier(signed, _clock), image, signatures),
                SigstoreSigned signed => Check(requirement, new SigstoreVerifier(signed, _clock, () => _trustedRoot ??= TrustedRoot.OfHost(Options.Root)), image, signatures),
                _ => new(requirement, false, null, "this requirement cannot be verified (nor can it by containers/image)"),
            };
        }
        catch (TrustRootException e)
        {
            return new(requirement, false, null, e.Message);
        }
    }

    // One good signature is enough.
    private static RequirementResult Check(PolicyRequirement requirement, IRequirementVerifier verifier, SignedImage image, IReadOnlyList<ImageSignature> signatures)
    {
        var reasons = new List<string>();
        foreach (ImageSignature signature in signatures.Where(verifier.Concerns))
        {
            try
            {
                return new(requirement, true, verifier.Verify(signature, image), null);
            }
            catch (InvalidSignatureException e)
            {
                reasons.Add($"{signature.Origin}: {e.Message}");
            }
        }

        return new(requirement, false, null, reasons.Count > 0
            ? string.Join("; ", reasons.Distinct())
            : $"there is no such signature{(signatures.Count > 0 ? $" ({signatures.Count} of other kinds)" : "")}");
    }
}
