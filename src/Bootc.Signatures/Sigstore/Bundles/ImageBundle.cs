// The signature of an image as a bundle, as cosign makes them since version 3.
using System.Security.Cryptography;
using System.Text.Encodings.Web;
using System.Text.Json;
using Bootc.Oci.Model;
using Bootc.Signatures.Signing;

namespace Bootc.Signatures.Sigstore.Bundles;

/// <summary>A bundle of version 0.3 with a signed statement that says of an image nothing but its digest (sigstore/cosign, specs/BUNDLE_SPEC.md).</summary>
internal static class ImageBundle
{
    /// <summary>The predicate type of a statement that is a signature.</summary>
    public const string PredicateType = "https://sigstore.dev/cosign/sign/v1";

    /// <summary>Signs an image's manifest, over a SHA-256 digest for keys of all sizes, as cosign asks of those that it is given. No log is told of it.</summary>
    public static byte[] Sign(Digest manifest, SigningKey key)
    {
        byte[] statement = Write(json =>
        {
            json.WriteString("_type", InTotoStatement.NewestType);
            json.WriteStartArray("subject");
            json.WriteStartObject();
            json.WriteStartObject("digest");
            json.WriteString(manifest.Algorithm, manifest.Hex);
            json.WriteEndObject();
            json.WriteEndObject();
            json.WriteEndArray();
            json.WriteString("predicateType", PredicateType);
            json.WriteStartObject("predicate");
            json.WriteEndObject();
        });
        byte[] signature = key.Sign(DsseEnvelope.Encode(InTotoStatement.PayloadType, statement));
        return Write(json =>
        {
            json.WriteString("mediaType", SigstoreBundle.MediaType);
            json.WriteStartObject("verificationMaterial");
            json.WriteStartObject("publicKey");
            json.WriteString("hint", Convert.ToBase64String(SHA256.HashData(key.PublicKey.Der)));
            json.WriteEndObject();
            json.WriteEndObject();
            json.WriteStartObject("dsseEnvelope");
            json.WriteBase64String("payload", statement);
            json.WriteString("payloadType", InTotoStatement.PayloadType);
            json.WriteStartArray("signatures");
            json.WriteStartObject();
            json.WriteBase64String("sig", signature);
            json.WriteEndObject();
            json.WriteEndArray();
            json.WriteEndObject();
        });
    }

    private static byte[] Write(Action<Utf8JsonWriter> content)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            content(json);
            json.WriteEndObject();
        }

        return buffer.ToArray();
    }
}
