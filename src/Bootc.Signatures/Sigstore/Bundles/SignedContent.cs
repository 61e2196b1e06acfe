// What a bundle has signed: an artifact itself, or a statement about it.
using System.Security.Cryptography;
using Bootc.Signatures.Keys;

namespace Bootc.Signatures.Sigstore.Bundles;

/// <summary>The signature in a bundle, and what it is over.</summary>
/// <param name="Signature">The signature.</param>
internal abstract record SignedContent(byte[] Signature)
{
    /// <summary>Checks that a key has signed this, and that it is about an artifact.</summary>
    /// <exception cref="InvalidSignatureException">It has not, or it is about another one.</exception>
    public abstract void Verify(PublicKey key, SignedArtifact artifact);

    /// <summary>The digest of the very bytes that were signed.</summary>
    public abstract byte[] DigestBy(HashAlgorithmName algorithm, SignedArtifact artifact);
}
