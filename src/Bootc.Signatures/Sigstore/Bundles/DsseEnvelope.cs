// A signed statement (secure-systems-lab/dsse, envelope.md and protocol.md).
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Bootc.Signatures.Json;
using Bootc.Signatures.Keys;

namespace Bootc.Signatures.Sigstore.Bundles;

/// <summary>An <c>Envelope</c> with one signature, which is what bundles may have.</summary>
/// <param name="PayloadType">The type of the statement.</param>
/// <param name="Payload">The statement.</param>
/// <param name="Signature">The signature.</param>
internal sealed record DsseEnvelope(string PayloadType, byte[] Payload, byte[] Signature) : SignedContent(Signature)
{
    /// <exception cref="JsonFormatException">It is malformed.</exception>
    public static DsseEnvelope Read(ProtoObject envelope)
    {
        string type = envelope.GetString("payloadType");
        byte[] payload = envelope.RequireBytes("payload");
        IReadOnlyList<ProtoObject> signatures = envelope.GetMessages("signatures");
        envelope.End();
        if (signatures is not [var signature])
        {
            throw new JsonFormatException($"'{envelope.PathOf("signatures")}' has {signatures.Count} signatures, not one");
        }

        byte[] value = signature.RequireBytes("sig");
        _ = signature.GetString("keyid");
        signature.End();
        return new DsseEnvelope(type, payload, value);
    }

    /// <inheritdoc/>
    public override void Verify(PublicKey key, SignedArtifact artifact)
    {
        byte[] message = Encode();
        bool isSigned = key.SignsMessages
            ? key.Verifies(message, Signature)
            : key.DigestAlgorithms.Any(algorithm => key.VerifiesDigest(algorithm, CryptographicOperations.HashData(algorithm, message), Signature));
        if (!isSigned)
        {
            throw new InvalidSignatureException($"the signature is not one of the statement by the {key.Kind} key {key.Fingerprint[..16]}");
        }

        InTotoStatement.Parse(PayloadType, Payload).RequireSubject(artifact);
    }

    /// <summary>What kind of statement a verified one is.</summary>
    public string ReadPredicateType() => InTotoStatement.Parse(PayloadType, Payload).PredicateType;

    /// <inheritdoc/>
    public override byte[] DigestBy(HashAlgorithmName algorithm, SignedArtifact artifact) => CryptographicOperations.HashData(algorithm, Encode());

    /// <summary>What is signed: type and payload with their lengths, so that neither can be taken for a part of the other.</summary>
    public static byte[] Encode(string payloadType, ReadOnlySpan<byte> payload)
    {
        string header = string.Create(CultureInfo.InvariantCulture, $"DSSEv1 {Encoding.UTF8.GetByteCount(payloadType)} {payloadType} {payload.Length} ");
        return [.. Encoding.UTF8.GetBytes(header), .. payload];
    }

    private byte[] Encode() => Encode(PayloadType, Payload);
}
