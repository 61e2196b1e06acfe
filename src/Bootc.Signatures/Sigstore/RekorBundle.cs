// Rekor's promise that it has logged a signature, as cosign attaches it: the signed entry timestamp.
using System.Security.Cryptography;
using System.Text.Json;
using Bootc.Signatures.Json;
using Bootc.Signatures.Keys;

namespace Bootc.Signatures.Sigstore;

/// <summary>The annotation <c>dev.sigstore.cosign/bundle</c>.</summary>
internal static class RekorBundle
{
    private const string Kind = "hashedrekord";
    private const string ApiVersion = "0.0.1";

    /// <summary>Checks that one of the logs has logged this signature of this payload by this key or certificate.</summary>
    /// <param name="bundle">The annotation.</param>
    /// <param name="logKeys">The keys of the logs.</param>
    /// <param name="signer">The DER of the key or certificate.</param>
    /// <param name="signature">The signature.</param>
    /// <param name="payload">What was signed.</param>
    /// <returns>When it was logged.</returns>
    /// <exception cref="InvalidSignatureException">None has, or it has logged something else.</exception>
    public static DateTimeOffset Verify(ReadOnlyMemory<byte> bundle, IReadOnlyList<PublicKey> logKeys, ReadOnlySpan<byte> signer, ReadOnlySpan<byte> signature, ReadOnlySpan<byte> payload)
    {
        try
        {
            (byte[] body, long time) = ReadSigned(bundle, logKeys);
            using JsonDocument entry = StrictObject.Parse(body);
            Match(new StrictObject(entry.RootElement, ""), signer, signature, payload);
            return DateTimeOffset.FromUnixTimeSeconds(time);
        }
        catch (Exception e) when (e is JsonFormatException or FormatException or ArgumentOutOfRangeException)
        {
            throw new InvalidSignatureException($"Rekor's entry is malformed: {e.Message}", e);
        }
    }

    // What is read is the canonical form, which is what the log has signed.
    private static (byte[] Body, long Time) ReadSigned(ReadOnlyMemory<byte> bundle, IReadOnlyList<PublicKey> logKeys)
    {
        using JsonDocument document = StrictObject.Parse(bundle);
        var set = new StrictObject(document.RootElement, "");
        byte[] timestamp = set.GetBytes("SignedEntryTimestamp");
        byte[] canonical = CanonicalJson.Write(set.Get("Payload"));
        set.End();
        if (!logKeys.Any(key => key.Verifies(canonical, timestamp)))
        {
            throw new InvalidSignatureException("Rekor's signed entry timestamp is not signed by a trusted log");
        }

        using JsonDocument signed = StrictObject.Parse(canonical);
        var payload = new StrictObject(signed.RootElement, "Payload");
        byte[] body = payload.GetBytes("body");
        long time = payload.GetInteger("integratedTime");
        _ = payload.GetInteger("logIndex");
        _ = payload.GetString("logID");
        payload.End();
        return (body, time);
    }

    private static void Match(StrictObject entry, ReadOnlySpan<byte> signer, ReadOnlySpan<byte> signature, ReadOnlySpan<byte> payload)
    {
        if (entry.GetString("kind") != Kind || entry.GetString("apiVersion") != ApiVersion)
        {
            throw new InvalidSignatureException($"Rekor's entry is of another kind than {Kind} {ApiVersion}");
        }

        StrictObject spec = entry.GetObject("spec");
        StrictObject logged = spec.GetObject("signature");
        if (!Pem.ReadOne(logged.GetObject("publicKey").GetBytes("content")).Content.AsSpan().SequenceEqual(signer))
        {
            throw new InvalidSignatureException("Rekor has logged a signature by another key");
        }

        if (!logged.GetBytes("content").AsSpan().SequenceEqual(signature))
        {
            throw new InvalidSignatureException("Rekor has logged another signature");
        }

        StrictObject hash = spec.GetObject("data").GetObject("hash");
        if (hash.GetString("algorithm") != "sha256" || !Convert.FromHexString(hash.GetString("value")).AsSpan().SequenceEqual(SHA256.HashData(payload)))
        {
            throw new InvalidSignatureException("Rekor has logged a signature of something else");
        }
    }
}
