// What an entry of a log says was signed, by whom, and with which signature (sigstore/rekor, pkg/types; sigstore/rekor-tiles).
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Bootc.Signatures.Json;
using Bootc.Signatures.Keys;

namespace Bootc.Signatures.Sigstore.Bundles;

/// <summary>The signature that the body of a log's entry holds.</summary>
/// <param name="Signer">The DER of the certificate or key.</param>
/// <param name="Signature">The signature.</param>
/// <param name="Algorithm">The algorithm of <paramref name="Digest"/>.</param>
/// <param name="Digest">The digest of what was signed.</param>
/// <param name="IsOfPayload">Whether it is that of a statement alone, and not of the bytes that were signed with it.</param>
internal sealed record LoggedSignature(byte[] Signer, byte[] Signature, HashAlgorithmName Algorithm, byte[] Digest, bool IsOfPayload)
{
    /// <summary>Reads a body.</summary>
    /// <param name="body">The body.</param>
    /// <param name="kind">Of which kind it must be: name and version.</param>
    /// <exception cref="InvalidSignatureException">It is malformed, or of another kind.</exception>
    public static LoggedSignature Parse(ReadOnlyMemory<byte> body, (string Kind, string Version) kind)
    {
        try
        {
            using JsonDocument document = StrictObject.Parse(body);
            var entry = new StrictObject(document.RootElement, "");
            string actual = $"{entry.GetString("kind")} {entry.GetString("apiVersion")}";
            StrictObject spec = entry.GetObject("spec");
            entry.End();
            if (actual != $"{kind.Kind} {kind.Version}")
            {
                throw new InvalidSignatureException($"the log entry is said to be of the kind {kind.Kind} {kind.Version}, and is {actual}");
            }

            return kind switch
            {
                ("hashedrekord", "0.0.1") => ReadHashed(spec),
                ("hashedrekord", "0.0.2") => ReadHashed2(spec.GetObject("hashedRekordV002")),
                ("dsse", "0.0.1") => ReadDsse(spec),
                ("dsse", "0.0.2") => ReadDsse2(spec.GetObject("dsseV002")),
                ("intoto", "0.0.2") => ReadInToto(spec.GetObject("content")),
                _ => throw new InvalidSignatureException($"log entries of the kind {kind.Kind} {kind.Version} are not supported"),
            };
        }
        catch (Exception e) when (e is JsonFormatException or FormatException)
        {
            throw new InvalidSignatureException($"the log entry is malformed: {e.Message}", e);
        }
    }

    /// <summary>Checks that this is a signature of certain content by a certain signer.</summary>
    /// <exception cref="InvalidSignatureException">It is another one.</exception>
    public void Require(SignedContent content, byte[] signer, SignedArtifact artifact)
    {
        if (!Signer.AsSpan().SequenceEqual(signer))
        {
            throw new InvalidSignatureException("the log entry is of a signature by another key or certificate");
        }

        if (!Signature.AsSpan().SequenceEqual(content.Signature))
        {
            throw new InvalidSignatureException("the log entry is of another signature");
        }

        byte[]? digest = !IsOfPayload ? content.DigestBy(Algorithm, artifact) : content is DsseEnvelope envelope ? CryptographicOperations.HashData(Algorithm, envelope.Payload) : null;
        if (!Digest.AsSpan().SequenceEqual(digest))
        {
            throw new InvalidSignatureException("the log entry is of a signature of something else");
        }
    }

    private static LoggedSignature ReadHashed(StrictObject spec)
    {
        StrictObject signature = spec.GetObject("signature");
        (HashAlgorithmName algorithm, byte[] digest) = ReadHash(spec.GetObject("data").GetObject("hash"));
        return new LoggedSignature(ReadPem(signature.GetObject("publicKey").GetBytes("content")), signature.GetBytes("content"), algorithm, digest, false);
    }

    private static LoggedSignature ReadHashed2(StrictObject spec)
    {
        StrictObject signature = spec.GetObject("signature");
        (HashAlgorithmName algorithm, byte[] digest) = ReadHash2(spec.GetObject("data"));
        return new LoggedSignature(ReadVerifier(signature.GetObject("verifier")), signature.GetBytes("content"), algorithm, digest, false);
    }

    private static LoggedSignature ReadDsse(StrictObject spec)
    {
        (HashAlgorithmName algorithm, byte[] digest) = ReadHash(spec.GetObject("payloadHash"));
        StrictObject signature = ReadOne(spec, "signatures");
        return new LoggedSignature(ReadPem(signature.GetBytes("verifier")), signature.GetBytes("signature"), algorithm, digest, true);
    }

    private static LoggedSignature ReadDsse2(StrictObject spec)
    {
        (HashAlgorithmName algorithm, byte[] digest) = ReadHash2(spec.GetObject("payloadHash"));
        StrictObject signature = ReadOne(spec, "signatures");
        return new LoggedSignature(ReadVerifier(signature.GetObject("verifier")), signature.GetBytes("content"), algorithm, digest, true);
    }

    // The signature is that of the envelope, which is in base64 already, in base64.
    private static LoggedSignature ReadInToto(StrictObject content)
    {
        (HashAlgorithmName algorithm, byte[] digest) = ReadHash(content.GetObject("payloadHash"));
        StrictObject signature = ReadOne(content.GetObject("envelope"), "signatures");
        byte[] value = StrictObject.FromBase64(Encoding.Latin1.GetString(signature.GetBytes("sig")), signature.PathOf("sig"));
        return new LoggedSignature(ReadPem(signature.GetBytes("publicKey")), value, algorithm, digest, true);
    }

    private static (HashAlgorithmName Algorithm, byte[] Digest) ReadHash(StrictObject hash) =>
        (HashAlgorithms.Parse(hash.GetString("algorithm")), Convert.FromHexString(hash.GetString("value")));

    private static (HashAlgorithmName Algorithm, byte[] Digest) ReadHash2(StrictObject hash) =>
        (HashAlgorithms.Parse(hash.GetString("algorithm")), hash.GetBytes("digest"));

    private static StrictObject ReadOne(StrictObject parent, string key) => parent.Get(key) is { ValueKind: JsonValueKind.Array } list && list.GetArrayLength() == 1
        ? new StrictObject(list[0], parent.PathOf(key))
        : throw new JsonFormatException($"'{parent.PathOf(key)}' is not one signature");

    private static byte[] ReadPem(byte[] pem)
    {
        (string label, byte[] content) = Pem.ReadOne(pem);
        return label == "CERTIFICATE" ? content : PublicKey.FromPem(pem).Der;
    }

    private static byte[] ReadVerifier(StrictObject verifier) => (verifier.TryGetObject("x509Certificate"), verifier.TryGetObject("publicKey")) switch
    {
        ({ } certificate, null) => certificate.GetBytes("rawBytes"),
        (null, { } key) => PublicKey.FromDer(key.GetBytes("rawBytes")).Der,
        _ => throw new JsonFormatException($"'{verifier.PathOf("publicKey")}' is no verifier"),
    };
}
