// What a good signature proves.
namespace Bootc.Signatures;

/// <summary>A signature that meets a requirement.</summary>
/// <param name="Signer">By whom: a key, or the identity in a certificate.</param>
/// <param name="Reference">The name under which the image was signed, if the signature has one.</param>
/// <param name="Logged">When it was logged, where that was verified.</param>
/// <param name="Origin">Where the signature was found.</param>
public sealed record SignatureEvidence(string Signer, string? Reference, DateTimeOffset? Logged, string Origin)
{
    /// <inheritdoc/>
    public override string ToString() => $"signed by {Signer}{(Reference is null ? "" : $" as {Reference}")}{(Logged is { } time ? $", logged {time:u}" : "")} ({Origin})";
}
