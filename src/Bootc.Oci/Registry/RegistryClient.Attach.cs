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

    /// <summary>Puts an artifact of one blob beside a manifest, to which it refers.</summary>
    /// <param name="image">The image.</param>
    /// <param name="subject">The manifest or index.</param>
    /// <param name="artifactType">The type of the artifact and of its blob.</param>
    /// <param name="content">The blob.</param>
    /// <param name="annotations">What lists of referrers say of the artifact.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <returns>Where the artifact is.</returns>
    /// <exception cref="OciException">The registry does not take it.</exception>
    public async Task<RegistryReference> AttachReferrerAsync(
        RegistryReference image, Descriptor subject, string artifactType, ReadOnlyMemory<byte> content, Dictionary<string, string> annotations, CancellationToken cancellation)
    {
        (RegistryReference place, byte[] manifest, bool isListed) = await PutArtifactAsync(image, artifactType, content, subject, annotations, cancellation).ConfigureAwait(false);
        if (!isListed)
        {
            var listed = new Descriptor { MediaType = MediaTypes.OciManifest, Digest = place.Digest!.Value, Size = manifest.Length, ArtifactType = artifactType, Annotations = annotations };
            await ListReferrerAsync(image, subject.Digest, listed, cancellation).ConfigureAwait(false);
        }

        return place;
    }

    /// <summary>Puts an artifact of one blob into a repository, by its digest, not under a tag yet.</summary>
    /// <param name="image">The repository.</param>
    /// <param name="artifactType">The type of the artifact and of its blob.</param>
    /// <param name="content">The blob.</param>
    /// <param name="subject">The manifest or index to which it refers, if any.</param>
    /// <param name="annotations">What lists of referrers say of it.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <returns>Where it is, and its manifest, for <see cref="PutManifestAsync"/> to put it under a tag.</returns>
    /// <exception cref="OciException">The registry does not take it.</exception>
    public async Task<(RegistryReference Place, ReadOnlyMemory<byte> Manifest)> PushArtifactAsync(
        RegistryReference image, string artifactType, ReadOnlyMemory<byte> content, Descriptor? subject, Dictionary<string, string> annotations, CancellationToken cancellation)
    {
        if (subject is not null)
        {
            RegistryReference attached = await AttachReferrerAsync(image, subject, artifactType, content, annotations, cancellation).ConfigureAwait(false);
            (ReadOnlyMemory<byte> bytes, _) = await GetManifestAsync(attached, cancellation).ConfigureAwait(false);
            return (attached, bytes);
        }

        (RegistryReference place, byte[] manifest, _) = await PutArtifactAsync(image, artifactType, content, null, annotations, cancellation).ConfigureAwait(false);
        return (place, manifest);
    }

    private async Task<(RegistryReference Place, byte[] Manifest, bool IsListed)> PutArtifactAsync(
        RegistryReference image, string artifactType, ReadOnlyMemory<byte> content, Descriptor? subject, Dictionary<string, string> annotations, CancellationToken cancellation)
    {
        byte[] empty = "{}"u8.ToArray();
        var config = new Descriptor { MediaType = EmptyConfig, Digest = Digest.Compute(empty), Size = empty.Length };
        var layer = new Descriptor { MediaType = artifactType, Digest = Digest.Compute(content.Span), Size = content.Length };
        var artifact = new ArtifactManifest { ArtifactType = artifactType, Config = config, Layers = [layer], Subject = subject, Annotations = annotations };
        byte[] manifest = JsonSerializer.SerializeToUtf8Bytes(artifact, OciJson.Default.ArtifactManifest);
        RegistryReference place = image with { Tag = null, Digest = Digest.Compute(manifest) };
        await UploadBlobAsync(place, layer, content, cancellation).ConfigureAwait(false);
        await UploadBlobAsync(place, config, empty, cancellation).ConfigureAwait(false);
        (_, bool isListed) = await PutAsync(place, manifest, MediaTypes.OciManifest, cancellation).ConfigureAwait(false);
        return (place, manifest, isListed);
    }

    // A registry that does not list what refers to a manifest leaves that to its clients, under a tag. Of two that do so at once, one is lost.
    private async Task ListReferrerAsync(RegistryReference image, Digest subject, Descriptor referrer, CancellationToken cancellation)
    {
        RegistryReference list = image.WithTag(TagOfReferrers(subject));
        ImageIndex? existing = await FindReferrersAsync(list, cancellation).ConfigureAwait(false);
        ImageIndex changed = (existing ?? new ImageIndex { MediaType = MediaTypes.OciIndex, Manifests = [] }) with
        {
            Manifests = [.. existing?.Manifests.Where(manifest => manifest.Digest != referrer.Digest) ?? [], referrer],
        };
        await PutManifestAsync(list, JsonSerializer.SerializeToUtf8Bytes(changed, OciJson.Default.ImageIndex), MediaTypes.OciIndex, cancellation).ConfigureAwait(false);
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
