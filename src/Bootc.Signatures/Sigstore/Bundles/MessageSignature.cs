// A signature of an artifact itself.
using System.Security.Cryptography;
using Bootc.Signatures.Json;
using Bootc.Signatures.Keys;

namespace Bootc.Signatures.Sigstore.Bundles;

/// <summary>A <c>MessageSignature</c>.</summary>
/// <param name="Signature">The signature.</param>
/// <param name="Algorithm">The name of the algorithm of <paramref name="Digest"/>, if there is one.</param>
/// <param name="Digest">What the bundle says is the artifact's digest, which is not signed.</param>
internal sealed record MessageSignature(byte[] Signature, string? Algorithm, byte[] Digest) : SignedContent(Signature)
{
    /// <exception cref="JsonFormatException">It is malformed.</exception>
    public static MessageSignature Read(ProtoObject message)
    {
        byte[] signature = message.RequireBytes("signature");
        ProtoObject? digest = message.TryGetMessage("messageDigest");
        message.End();
        if (digest is null)
        {
            return new MessageSignature(signature, null, []);
        }

        // Of a message that was signed without a digest, as by Ed25519, nothing is in it.
        string algorithm = digest.GetEnum("algorithm", HashAlgorithms.Names);
        byte[] value = digest.GetBytes("digest");
        digest.End();
        return new MessageSignature(signature, value.Length == 0 && algorithm == HashAlgorithms.Names[0] ? null : algorithm, value);
    }

    /// <inheritdoc/>
    public override void Verify(PublicKey key, SignedArtifact artifact)
    {
        if (Algorithm is not null && artifact.DigestBy(HashAlgorithms.Parse(Algorithm)) is { } actual && !actual.AsSpan().SequenceEqual(Digest))
        {
            throw new InvalidSignatureException($"the bundle is for an artifact whose {Algorithm} digest is {Convert.ToHexStringLower(Digest)}, and that of {artifact.Name} is {Convert.ToHexStringLower(actual)}");
        }

        bool isSigned = key.DigestAlgorithms.Any(algorithm => key.VerifiesDigest(algorithm, artifact.DigestBy(algorithm), Signature))
            || (key.SignsMessages && key.Verifies(artifact.ReadContent(), Signature));
        if (!isSigned)
        {
            throw new InvalidSignatureException($"the signature is not one of {artifact.Name} by the {key.Kind} key {key.Fingerprint[..16]}");
        }
    }

    /// <inheritdoc/>
    public override byte[] DigestBy(HashAlgorithmName algorithm, SignedArtifact artifact) => artifact.DigestBy(algorithm);
}
