// Signs images as cosign does.
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Bootc.Oci;
using Bootc.Oci.Model;
using Bootc.Oci.Registry;
using Bootc.Signatures.Sigstore;
using Bootc.Signatures.Sigstore.Bundles;

namespace Bootc.Signatures.Signing;

/// <summary>Puts signatures beside images in registries (sigstore/cosign, specs/SIGNATURE_SPEC.md).</summary>
public sealed class ImageSigner(RegistryClient client, SigningKey key)
{
    /// <summary>Signs the manifest or index that an image's name stands for, and attaches the signature.</summary>
    /// <param name="image">The image.</param>
    /// <param name="identity">The name to sign it under, which policies compare.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <returns>What was signed, by whom, and where the signature is.</returns>
    /// <exception cref="OciException">The image cannot be had, or the signature not be put beside it.</exception>
    public async Task<(Digest Manifest, string Signer, RegistryReference Attachment)> SignAsync(RegistryReference image, string identity, CancellationToken cancellation)
    {
        (ReadOnlyMemory<byte> manifest, _) = await client.GetManifestAsync(image, cancellation).ConfigureAwait(false);
        Digest digest = Digest.Compute(manifest.Span);
        byte[] payload = MakePayload(digest, identity);
        RegistryReference attachment = await client.AttachSignatureAsync(image, digest, payload, Convert.ToBase64String(key.Sign(payload)), cancellation).ConfigureAwait(false);
        return (digest, $"the {key.PublicKey.Kind} key {key.PublicKey.Fingerprint[..16]}", attachment);
    }

    /// <summary>Signs the manifest or index that an image's name stands for, and puts the signature beside it as a bundle that refers to it.</summary>
    /// <remarks>Such a bundle says by which digest the image was signed, and by no name (sigstore/cosign, specs/BUNDLE_SPEC.md).</remarks>
    /// <param name="image">The image.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <returns>What was signed, and where the bundle is.</returns>
    /// <exception cref="OciException">The image cannot be had, or the bundle not be put beside it.</exception>
    public async Task<(Digest Manifest, RegistryReference Bundle)> SignBundleAsync(RegistryReference image, CancellationToken cancellation)
    {
        (ReadOnlyMemory<byte> manifest, string? type) = await client.GetManifestAsync(image, cancellation).ConfigureAwait(false);
        var subject = new Descriptor { MediaType = type ?? MediaTypes.OciManifest, Digest = Digest.Compute(manifest.Span), Size = manifest.Length };
        var annotations = new Dictionary<string, string>
        {
            ["dev.sigstore.bundle.content"] = "dsse-envelope",
            ["dev.sigstore.bundle.predicateType"] = ImageBundle.PredicateType,
            ["org.opencontainers.image.created"] = DateTimeOffset.UtcNow.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture),
        };
        RegistryReference bundle = await client.AttachReferrerAsync(image, subject, SigstoreBundle.MediaType, ImageBundle.Sign(subject.Digest, key), annotations, cancellation).ConfigureAwait(false);
        return (subject.Digest, bundle);
    }

    private static byte[] MakePayload(Digest manifest, string identity)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteStartObject("critical");
            json.WriteStartObject("identity");
            json.WriteString("docker-reference", identity);
            json.WriteEndObject();
            json.WriteStartObject("image");
            json.WriteString("docker-manifest-digest", manifest.ToString());
            json.WriteEndObject();
            json.WriteString("type", SignedPayload.Cosign);
            json.WriteEndObject();
            json.WriteNull("optional");
            json.WriteEndObject();
        }

        return buffer.ToArray();
    }
}
