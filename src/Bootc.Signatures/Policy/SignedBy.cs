// The requirement of a simple signature.
namespace Bootc.Signatures.Policy;

/// <summary><c>signedBy</c>: an OpenPGP signature in the simple signing format by a key of a keyring.</summary>
/// <param name="KeyType"><c>GPGKeys</c>, or one of the types that the format names and no one implements.</param>
/// <param name="Keys">The keyrings.</param>
/// <param name="Identity">What the signature must say that the image is.</param>
public sealed record SignedBy(string KeyType, KeySource Keys, SignedIdentity Identity) : PolicyRequirement
{
    /// <summary>The key type that is verified.</summary>
    public const string GpgKeys = "GPGKeys";

    /// <summary>All key types that the format has.</summary>
    public static readonly string[] KeyTypes = [GpgKeys, "signedByGPGKeys", "X509Certificates", "signedByX509CAs"];

    /// <inheritdoc/>
    public override string Type => "signedBy";

    /// <inheritdoc/>
    public override string Description => $"signedBy {KeyType} of {Keys}, {Identity}";
}
