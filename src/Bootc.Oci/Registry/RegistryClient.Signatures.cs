// Signatures of images in registries: attached to them there, or in storage beside.
using System.Net;
using Bootc.Oci.Model;
using Bootc.Oci.Signatures;

namespace Bootc.Oci.Registry;

public sealed partial class RegistryClient
{
    private readonly Lazy<RegistriesD> _signatures;

    /// <summary>Fetches the signatures of a manifest: simple ones from lookaside storage, and what cosign attached, or put into bundles, where registries.d asks for that.</summary>
    /// <exception cref="OciException">They cannot be had, which is not to say that there are none.</exception>
    public async Task<IReadOnlyList<ImageSignature>> GetSignaturesAsync(RegistryReference image, Digest manifest, CancellationToken cancellation)
    {
        List<ImageSignature> signatures = await ReadLookasideAsync(image, manifest, cancellation).ConfigureAwait(false);
        if (_signatures.Value.UsesAttachments(image))
        {
            signatures.AddRange(await GetAttachmentsAsync(image, manifest, cancellation).ConfigureAwait(false));
        }

        if (_signatures.Value.UsesBundles(image))
        {
            signatures.AddRange(await GetBundlesAsync(image, manifest, cancellation).ConfigureAwait(false));
        }

        return signatures;
    }

    private async Task<IReadOnlyList<ImageSignature>> GetAttachmentsAsync(RegistryReference image, Digest manifest, CancellationToken cancellation)
    {
        RegistryReference attachments = image.WithTag(SigstoreAttachments.TagOf(manifest));
        return await FindAttachmentsAsync(attachments, cancellation).ConfigureAwait(false) is { } attached
            ? await SigstoreAttachments.FetchAsync(attached, attachments.ToString(), (layer, limit, stop) => GetBlobAsync(attachments, layer, limit, stop), cancellation).ConfigureAwait(false)
            : [];
    }

    private async Task<List<ImageSignature>> ReadLookasideAsync(RegistryReference image, Digest manifest, CancellationToken cancellation)
    {
        var signatures = new List<ImageSignature>();
        while (true)
        {
            Uri uri = _signatures.Value.LookasideOf(image, manifest, signatures.Count + 1);
            byte[]? file = uri.IsFile ? ReadSignatureFile(uri.LocalPath) : await FetchSignatureFileAsync(uri, cancellation).ConfigureAwait(false);
            if (file is null)
            {
                return signatures;
            }

            if (signatures.Count == ImageSignature.MaximumCount)
            {
                throw new ManifestException($"{uri} is one more signature than the {ImageSignature.MaximumCount} that are read");
            }

            signatures.Add(ImageSignature.Parse(file, uri.IsFile ? uri.LocalPath : uri.ToString()));
        }
    }

    private static byte[]? ReadSignatureFile(string path)
    {
        try
        {
            using FileStream file = File.OpenRead(path);
            byte[] content = new byte[file.Length <= ImageSignature.MaximumSize ? file.Length : throw new ManifestException($"the signature {path} has {file.Length} bytes")];
            file.ReadExactly(content);
            return content;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    private async Task<byte[]?> FetchSignatureFileAsync(Uri uri, CancellationToken cancellation)
    {
        string what = $"signature {uri}";
        bool mayBePlain = uri.Scheme == Uri.UriSchemeHttp;
        Task<HttpResponseMessage> Send() => SendPatientlyAsync(
            () => FollowAsync(uri.Authority, uri, HttpMethod.Get, null, null, mayBePlain, cancellation),
            response => Task.FromResult(DescribeRefusal(response)),
            e => $"cannot fetch the {what}: {Describe(e)}",
            Options.Attempts,
            cancellation);
        try
        {
            return (await ReadPatientlyAsync(Send, what, ImageSignature.MaximumSize, cancellation).ConfigureAwait(false)).Bytes;
        }
        catch (ImageNotFoundException)
        {
            return null;
        }

        Exception DescribeRefusal(HttpResponseMessage response) => response.StatusCode == HttpStatusCode.NotFound
            ? new ImageNotFoundException($"there is no {what}")
            : new RegistryException($"cannot fetch the {what}: the answer was {(int)response.StatusCode} {response.StatusCode}", (int)response.StatusCode);
    }
}
