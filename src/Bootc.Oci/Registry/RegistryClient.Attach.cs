// Signatures put beside images, where cosign looks for them.
using System.Text.Json;
using Bootc.Oci.Model;
using Bootc.Oci.Signatures;

namespace Bootc.Oci.Registry;

public sealed partial class RegistryClient
{
    /// <summary>Adds a signature to those that are attached to a manifest.</summary>
    /// <param name="image">The image.</param>
    /// <param name="manifest">The digest of the manifest or index.</param>
    /// <param name="payload">What was signed.</param>
    /// <param name="signature">The signature in base64.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <returns>Where the signatures are.</returns>
    /// <exception cref="OciException">The registry does not take it, or what is attached already is no image of signatures.</exception>
    public async Task<RegistryReference> AttachSignatureAsync(RegistryReference image, Digest manifest, ReadOnlyMemory<byte> payload, string signature, CancellationToken cancellation)
    {
        RegistryReference attachments = image.WithTag(SigstoreAttachments.TagOf(manifest));
        ImageManifest? existing = await FindAttachmentsAsync(attachments, cancellation).ConfigureAwait(false);
        var added = new Descriptor
        {
            MediaType = SigstoreSignature.SimpleSigningType,
            Digest = Digest.Compute(payload.Span),
            Size = payload.Length,
            Annotations = new Dictionary<string, string> { [SigstoreSignature.SignatureAnnotation] = signature },
        };
        Descriptor[] layers = [.. existing?.Layers ?? [], added];
        byte[] config = SigstoreAttachments.MakeConfig(layers);
        var changed = new ImageManifest
        {
            MediaType = MediaTypes.OciManifest,
            Config = new Descriptor { MediaType = MediaTypes.OciConfig, Digest = Digest.Compute(config), Size = config.Length },
            Layers = layers,
            Annotations = existing?.Annotations,
        };
        await UploadBlobAsync(attachments, added, payload, cancellation).ConfigureAwait(false);
        await UploadBlobAsync(attachments, changed.Config, config, cancellation).ConfigureAwait(false);
        await PutManifestAsync(attachments, JsonSerializer.SerializeToUtf8Bytes(changed, OciJson.Default.ImageManifest), MediaTypes.OciManifest, cancellation).ConfigureAwait(false);
        return attachments;
    }

    private async Task<ImageManifest?> FindAttachmentsAsync(RegistryReference attachments, CancellationToken cancellation)
    {
        try
        {
            (ReadOnlyMemory<byte> bytes, _) = await GetManifestAsync(attachments, cancellation).ConfigureAwait(false);
            return ImageManifest.Parse(bytes.Span, attachments.ToString());
        }
        catch (ImageNotFoundException)
        {
            return null;
        }
    }
}
