// Pushing blobs and manifests.
using System.Net;
using Bootc.Oci.Model;

namespace Bootc.Oci.Registry;

public sealed partial class RegistryClient
{
    // Registries read a large blob once more before they say that they have it; and all of a small answer is there by then.
    private TimeSpan AnswerTimeout => Options.StallTimeout * 10;

    /// <summary>Whether a repository has a blob.</summary>
    /// <exception cref="OciException">It cannot be found out.</exception>
    public async Task<bool> HasBlobAsync(RegistryReference image, Digest digest, CancellationToken cancellation)
    {
        try
        {
            using HttpResponseMessage response = await SendAsync(
                PushEndpoint(image), HttpMethod.Head, $"blobs/{digest}", $"blob {digest} of {RepositoryOf(image)}", null, cancellation).ConfigureAwait(false);
            return true;
        }
        catch (ImageNotFoundException)
        {
            return false;
        }
    }

    /// <summary>
    /// Brings a blob into a repository. What the repository has is not sent; what is in another one of the same registry is
    /// taken from there. Mirrors are never pushed to.
    /// </summary>
    /// <param name="image">The repository.</param>
    /// <param name="content">The blob.</param>
    /// <param name="mountFrom">A repository of the same registry that has the blob, if any.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <returns>What it took.</returns>
    /// <exception cref="OciException">The registry does not take it, or the content cannot be had.</exception>
    public async Task<BlobPlacement> UploadBlobAsync(RegistryReference image, IBlobContent content, string? mountFrom, CancellationToken cancellation)
    {
        if (content.Descriptor is { } known && await HasBlobAsync(image, known.Digest, cancellation).ConfigureAwait(false))
        {
            return BlobPlacement.Present;
        }

        return await new BlobUpload(this, PushEndpoint(image), content).RunAsync(mountFrom == image.Repository ? null : mountFrom, cancellation).ConfigureAwait(false);
    }

    /// <summary>Brings a small blob into a repository.</summary>
    /// <inheritdoc cref="UploadBlobAsync(RegistryReference, IBlobContent, string?, CancellationToken)"/>
    public Task<BlobPlacement> UploadBlobAsync(RegistryReference image, Descriptor descriptor, ReadOnlyMemory<byte> content, CancellationToken cancellation) =>
        UploadBlobAsync(image, new BytesContent(descriptor, content), null, cancellation);

    /// <summary>Puts a manifest or index under a tag, or under its digest when the reference has one. What it names has to be there.</summary>
    /// <returns>The digest of what was put.</returns>
    /// <exception cref="DigestMismatchException">The reference has another digest, or the registry says that it got something else.</exception>
    /// <exception cref="OciException">The registry does not take it.</exception>
    public async Task<Digest> PutManifestAsync(RegistryReference image, ReadOnlyMemory<byte> manifest, string mediaType, CancellationToken cancellation) =>
        (await PutAsync(image, manifest, mediaType, cancellation).ConfigureAwait(false)).Digest;

    // Whether the registry has taken note of the manifest's subject: then it lists the manifest among what refers to that.
    private async Task<(Digest Digest, bool NotesSubject)> PutAsync(RegistryReference image, ReadOnlyMemory<byte> manifest, string mediaType, CancellationToken cancellation)
    {
        Digest digest = Digest.Compute(manifest.Span);
        image.Digest?.Require(manifest.Span, $"the manifest for {image}");
        using HttpResponseMessage response = await SendAsync(
            PushEndpoint(image),
            HttpMethod.Put,
            $"manifests/{image.Reference}",
            $"manifest of {image}",
            request =>
            {
                request.Content = new UploadContent(manifest);
                request.Content.Headers.TryAddWithoutValidation("Content-Type", mediaType);
            },
            cancellation).ConfigureAwait(false);
        RequireDigest(response, digest, $"the manifest that {image.Registry} got");
        return (digest, response.Headers.Contains("OCI-Subject"));
    }

    /// <summary>Begins an upload.</summary>
    /// <returns>Where the content goes; <see langword="null"/> when the registry took the blob from the other repository.</returns>
    internal async Task<Uri?> StartUploadAsync(RegistryEndpoint endpoint, string what, Digest? digest, string? mountFrom, CancellationToken cancellation)
    {
        string query = digest is { } blob && mountFrom is not null ? $"?mount={blob}&from={Uri.EscapeDataString(mountFrom)}" : "";
        try
        {
            using HttpResponseMessage response = await SendAsync(endpoint, HttpMethod.Post, $"blobs/uploads/{query}", what, null, cancellation).ConfigureAwait(false);
            return response.StatusCode == HttpStatusCode.Created
                ? null
                : await LocationOfAsync(endpoint, response, null, cancellation).ConfigureAwait(false)
                    ?? throw new RegistryException($"cannot push the {what}: {endpoint.Location.Registry} does not say where to");
        }
        catch (OciException) when (query.Length > 0)
        {
            // A repository that may not be read, or a registry that knows nothing of this: the blob is sent.
            return await StartUploadAsync(endpoint, what, digest, null, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Sends one request of an upload, once.</summary>
    /// <exception cref="RegistryException">The answer is an error.</exception>
    /// <exception cref="HttpRequestException">The connection broke, as with <see cref="IOException"/> and <see cref="TimeoutException"/>.</exception>
    internal async Task<HttpResponseMessage> SendUploadAsync(
        RegistryEndpoint endpoint, HttpMethod method, Uri location, Func<HttpContent>? content, string what, CancellationToken cancellation)
    {
        bool mayBePlain = MayBePlain(endpoint);
        Uri home = await FindHomeAsync(endpoint.Location.Registry, mayBePlain, cancellation).ConfigureAwait(false);
        Action<HttpRequestMessage>? prepare = content is null ? null : request =>
        {
            request.Content = content();
            request.Headers.ExpectContinue = request.Content.Headers.ContentLength is null or > BlobUpload.MaximumMonolith; // a refusal then comes first
        };

        // Where content goes may be storage elsewhere, which must not see the registry's credentials.
        HttpResponseMessage response = IsSamePlace(location, home)
            ? await SendAuthenticatedAsync(endpoint.Location, location, method, prepare, mayBePlain, cancellation).ConfigureAwait(false)
            : await FollowAsync(endpoint.Location.Registry, location, method, prepare, null, mayBePlain, cancellation).ConfigureAwait(false);
        if (response.IsSuccessStatusCode)
        {
            return response;
        }

        using (response)
        {
            throw await DescribeFailureAsync(response, endpoint.Location, method, what, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Where an upload goes on, as an answer says; <see langword="null"/> when it does not say.</summary>
    /// <exception cref="RegistryException">It is no place, or one without TLS, where that must be.</exception>
    internal async Task<Uri?> LocationOfAsync(RegistryEndpoint endpoint, HttpResponseMessage response, Uri? current, CancellationToken cancellation)
    {
        if (response.Headers.Location is not { } named)
        {
            return null;
        }

        bool mayBePlain = MayBePlain(endpoint);
        Uri home = await FindHomeAsync(endpoint.Location.Registry, mayBePlain, cancellation).ConfigureAwait(false);
        Uri location = Resolve(response.RequestMessage?.RequestUri ?? current ?? home, named);
        if (location.Scheme == Uri.UriSchemeHttp && home.Scheme == Uri.UriSchemeHttps && location.Authority == home.Authority)
        {
            // A registry behind a proxy does not know that it speaks TLS.
            location = new UriBuilder(location) { Scheme = home.Scheme, Port = home.Port }.Uri;
        }

        return location.Scheme == Uri.UriSchemeHttps || (mayBePlain && location.Scheme == Uri.UriSchemeHttp)
            ? location
            : throw new RegistryException($"{endpoint.Location.Registry} wants content to be sent to {location.GetLeftPart(UriPartial.Authority)}, which is not https");
    }

    /// <summary>Checks what a registry says that it got.</summary>
    internal static void RequireDigest(HttpResponseMessage response, Digest expected, string what)
    {
        if (response.Headers.TryGetValues("Docker-Content-Digest", out IEnumerable<string>? values)
            && Digest.TryParse(values.First(), out Digest got) && got.Algorithm == expected.Algorithm && got != expected)
        {
            throw new DigestMismatchException(what, expected, got.ToString());
        }
    }

    // As containers/image has it: settings of registries.conf that lead elsewhere are for what is pulled.
    private RegistryEndpoint PushEndpoint(RegistryReference image) => _registries.Value.IsBlocked(image)
        ? throw new RegistryException($"registries.conf blocks {RepositoryOf(image)}")
        : new RegistryEndpoint(image, _registries.Value.IsInsecure(image), IsMirror: false);

    private static bool IsSamePlace(Uri location, Uri home) => location.Authority == home.Authority && location.Scheme == home.Scheme;

    private static string RepositoryOf(RegistryReference image) => $"{image.Registry}/{image.Repository}";

    private sealed class BytesContent(Descriptor descriptor, ReadOnlyMemory<byte> content) : IBlobContent
    {
        public string Name => $"blob {descriptor.Digest}";

        public Descriptor? Descriptor => descriptor;

        public Task<Stream> OpenAsync(CancellationToken cancellation) => Task.FromResult<Stream>(new MemoryStream(content.ToArray(), writable: false));
    }
}
