// The requirement of a sigstore signature.
namespace Bootc.Signatures.Policy;

/// <summary><c>sigstoreSigned</c>: a signature as cosign attaches it, by a key or by a certificate.</summary>
public sealed record SigstoreSigned : PolicyRequirement
{
    /// <summary>Public keys, one of which must have signed.</summary>
    public KeySource? Keys { get; init; }

    /// <summary>Certificates of a Fulcio, one of which must be the signer's.</summary>
    public FulcioAuthority? Fulcio { get; init; }

    /// <summary>Certificates of any other authority, one of which must be the signer's.</summary>
    public PkiAuthority? Pki { get; init; }

    /// <summary>Keys of Rekor logs, one of which must have logged the signature.</summary>
    public KeySource? RekorKeys { get; init; }

    /// <summary>What the signature must say that the image is.</summary>
    public required SignedIdentity Identity { get; init; }

    /// <inheritdoc/>
    public override string Type => "sigstoreSigned";

    /// <inheritdoc/>
    public override string Description
    {
        get
        {
            string by = Keys is not null ? $"by {Keys}" : Fulcio is not null ? $"by {Fulcio}" : $"by {Pki}";
            return $"sigstoreSigned {by}{(RekorKeys is null ? "" : $", logged by Rekor ({RekorKeys})")}, {Identity}";
        }
    }
}
