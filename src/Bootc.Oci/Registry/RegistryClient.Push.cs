// What is put into a registry.
using System.Net.Http.Headers;
using Bootc.Oci.Model;

namespace Bootc.Oci.Registry;

public sealed partial class RegistryClient
{
    /// <summary>Uploads a small blob in one piece, unless the repository has it.</summary>
    /// <exception cref="OciException">The registry does not take it.</exception>
    public async Task UploadBlobAsync(RegistryReference image, ReadOnlyMemory<byte> content, CancellationToken cancellation)
    {
        Digest digest = Digest.Compute(content.Span);
        RegistryEndpoint endpoint = FindPlace(image);
        try
        {
            using HttpResponseMessage there = await SendAsync(endpoint, HttpMethod.Head, $"blobs/{digest}", $"blob {digest} of {image}", null, cancellation).ConfigureAwait(false);
            return;
        }
        catch (ImageNotFoundException)
        {
            // It is uploaded then.
        }

        string what = $"place for blob {digest} in {image.Registry}/{image.Repository}";
        using HttpResponseMessage session = await SendAsync(endpoint, HttpMethod.Post, "blobs/uploads/", what, static request => request.Content = new ByteArrayContent([]), cancellation).ConfigureAwait(false);
        Uri start = session.RequestMessage!.RequestUri!;
        var place = new Uri(start, session.Headers.Location ?? throw new RegistryException($"{image.Registry} names no {what}"));
        bool mayBePlain = start.Scheme == Uri.UriSchemeHttp;
        if (place.Scheme != Uri.UriSchemeHttps && !mayBePlain)
        {
            throw new RegistryException($"{image.Registry} names a {what} which is not https");
        }

        var target = new Uri($"{place}{(place.Query.Length > 0 ? "&" : "?")}digest={Uri.EscapeDataString(digest.ToString())}");
        AuthenticationHeaderValue? authorization = place.Authority == start.Authority ? AuthorizationFor(endpoint.Location) : null;
        using HttpResponseMessage response = await FollowAsync(image.Registry, target, HttpMethod.Put, request => SetContent(request, content, "application/octet-stream"), authorization, mayBePlain, cancellation).ConfigureAwait(false);
        if (!response.IsSuccessStatusCode)
        {
            throw await DescribeFailureAsync(response, image, what, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Puts a manifest under the image's tag or digest.</summary>
    /// <exception cref="OciException">The registry does not take it.</exception>
    public async Task PutManifestAsync(RegistryReference image, ReadOnlyMemory<byte> manifest, string mediaType, CancellationToken cancellation)
    {
        using HttpResponseMessage response = await SendAsync(
            FindPlace(image), HttpMethod.Put, $"manifests/{image.Reference}", $"place for the manifest of {image}", request => SetContent(request, manifest, mediaType), cancellation).ConfigureAwait(false);
    }

    // Mirrors are for reading.
    private RegistryEndpoint FindPlace(RegistryReference image) => _registries.Value.IsBlocked(image)
        ? throw new RegistryException($"registries.conf blocks {image.Registry}/{image.Repository}")
        : _registries.Value.FindEndpoints(image)[^1];

    private static void SetContent(HttpRequestMessage request, ReadOnlyMemory<byte> content, string mediaType)
    {
        request.Content = new ReadOnlyMemoryContent(content);
        request.Content.Headers.ContentType = new MediaTypeHeaderValue(mediaType);
    }
}
