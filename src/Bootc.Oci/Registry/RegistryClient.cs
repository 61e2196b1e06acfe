// A client of the OCI distribution-spec: manifests and blobs of one or more repositories.
using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Authentication;
using System.Text;
using System.Text.Json;
using Bootc.Oci.Layers.Chunked;
using Bootc.Oci.Model;
using Bootc.Oci.Transports;

namespace Bootc.Oci.Registry;

/// <summary>
/// Talks to registries (https://github.com/opencontainers/distribution-spec). Requests are tried again, with growing pauses,
/// on broken connections, 429 and 5xx; credentials go only to the registry itself and the token server that it names.
/// </summary>
public sealed partial class RegistryClient
{
    private const int MaximumRedirects = 5;
    private const int MaximumErrorBody = 64 * 1024;
    private static readonly TimeSpan MaximumRetryAfter = TimeSpan.FromSeconds(60);

    private readonly CredentialStore _credentials;
    private readonly Lazy<RegistriesConfig> _registries;
    private readonly Dictionary<string, string> _schemes = [];
    private readonly Dictionary<string, AuthenticationHeaderValue> _authorizations = [];
    private readonly Dictionary<string, string> _preferred = [];
    private readonly ConcurrentDictionary<string, RegistryCertificates?> _certificates = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();

    /// <summary>A client with the settings and credentials that the options name.</summary>
    public RegistryClient(OciOptions options)
        : this(options, new Lazy<RegistriesConfig>(() => RegistriesConfig.Load(options)))
    {
    }

    /// <summary>A client with settings of registries that were read already.</summary>
    internal RegistryClient(OciOptions options, RegistriesConfig registries)
        : this(options, new Lazy<RegistriesConfig>(registries))
    {
    }

    /// <summary>A client that shows the same credential to every registry.</summary>
    internal RegistryClient(OciOptions options, Credential credential)
        : this(options) => _credentials = new CredentialStore(options, static () => []) { Fixed = credential };

    private RegistryClient(OciOptions options, Lazy<RegistriesConfig> registries)
    {
        Options = options;
        _registries = registries;
        _credentials = new CredentialStore(options, () => _registries.Value.CredentialHelpers);
        _signatures = new Lazy<RegistriesD>(() => RegistriesD.Load(options));
    }

    internal OciOptions Options { get; }

    /// <summary>Asks whether a registry is there and accepts the credential.</summary>
    /// <exception cref="UnauthorizedException">It does not accept it.</exception>
    /// <exception cref="OciException">It cannot be reached, or is no registry.</exception>
    internal async Task PingAsync(string registry, CancellationToken cancellation)
    {
        var nothing = new RegistryReference(registry, "", null, null);
        var endpoint = new RegistryEndpoint(nothing, _registries.Value.IsInsecure(nothing), IsMirror: false);
        using HttpResponseMessage response = await SendAsync(endpoint, HttpMethod.Get, "", $"registry {registry}", null, cancellation).ConfigureAwait(false);
    }

    /// <summary>Fetches a manifest or index by tag or digest; a digest is checked.</summary>
    /// <returns>Its bytes and its media type as the registry gives it.</returns>
    /// <exception cref="OciException">It cannot be had.</exception>
    public async Task<(ReadOnlyMemory<byte> Bytes, string? MediaType)> GetManifestAsync(RegistryReference image, CancellationToken cancellation)
    {
        (byte[] bytes, string? mediaType) = await FetchSmallAsync(
            image, $"manifests/{image.Reference}", $"manifest of {image}", AcceptManifests, ImageManifest.MaximumSize, cancellation).ConfigureAwait(false);
        if (image.Digest is { } digest)
        {
            digest.Require(bytes, $"the manifest of {image}");
        }

        return (bytes, mediaType);
    }

    /// <summary>The digest of the image that a name stands for: of an index, that of the manifest for a platform.</summary>
    /// <exception cref="ImageNotFoundException">There is nothing under the name, or the index has nothing for the platform.</exception>
    /// <exception cref="OciException">It cannot be had, or is no image.</exception>
    public Task<Digest> FindManifestAsync(RegistryReference image, Platform platform, CancellationToken cancellation) =>
        ManifestResolution.FindAsync(_ => GetManifestAsync(image, cancellation), platform, image.ToString());

    /// <summary>Fetches a small blob whole.</summary>
    /// <exception cref="OciException">It cannot be had, is too large, or not what its digest says.</exception>
    public async Task<ReadOnlyMemory<byte>> GetBlobAsync(RegistryReference image, Descriptor descriptor, long limit, CancellationToken cancellation)
    {
        string what = $"blob {descriptor.Digest} of {image}";
        if (descriptor.Size > limit)
        {
            throw new ManifestException($"the {what} has {descriptor.Size} bytes, more than the {limit} that are expected of it");
        }

        (byte[] bytes, _) = await FetchSmallAsync(image, $"blobs/{descriptor.Digest}", what, null, descriptor.Size, cancellation).ConfigureAwait(false);
        descriptor.Digest.Require(bytes, "the " + what);
        return bytes;
    }

    /// <summary>Opens a blob from an offset on.</summary>
    /// <returns>The answer, and whether it starts at the offset: a registry may ignore the wish and send all, or refuse it and be asked for all.</returns>
    internal async Task<(HttpResponseMessage Response, bool IsPartial)> OpenBlobAsync(
        RegistryReference image, Digest digest, long offset, CancellationToken cancellation)
    {
        Action<HttpRequestMessage>? prepare = offset > 0 ? request => request.Headers.Range = new RangeHeaderValue(offset, null) : null;
        HttpResponseMessage response;
        try
        {
            response = await SendAsync(image, HttpMethod.Get, $"blobs/{digest}", $"blob {digest} of {image}", prepare, cancellation).ConfigureAwait(false);
        }
        catch (RegistryException e) when (offset > 0 && IsRefusalOfRanges(e))
        {
            response = await SendAsync(image, HttpMethod.Get, $"blobs/{digest}", $"blob {digest} of {image}", null, cancellation).ConfigureAwait(false);
        }

        bool isPartial = response.StatusCode == HttpStatusCode.PartialContent;
        if (isPartial && response.Content.Headers.ContentRange?.From is { } from && from != offset)
        {
            response.Dispose();
            throw new RegistryException($"{image.Registry} sent blob {digest} from byte {from} on, and byte {offset} was asked for", 206);
        }

        return (response, isPartial);
    }

    /// <summary>Opens ranges of a blob with one request.</summary>
    /// <returns>The answer, which may hold the ranges, the first of them or all of the blob.</returns>
    /// <exception cref="RangesNotSupportedException">The registry answers requests for ranges with an error.</exception>
    internal async Task<HttpResponseMessage> OpenBlobRangesAsync(
        RegistryReference image, Digest digest, IReadOnlyList<BlobRange> ranges, CancellationToken cancellation)
    {
        var header = new RangeHeaderValue();
        foreach (BlobRange range in ranges)
        {
            header.Ranges.Add(new RangeItemHeaderValue(range.Offset, range.End - 1));
        }

        try
        {
            return await SendAsync(image, HttpMethod.Get, $"blobs/{digest}", $"blob {digest} of {image}", request => request.Headers.Range = header, cancellation).ConfigureAwait(false);
        }
        catch (RegistryException e) when (IsRefusalOfRanges(e))
        {
            throw new RangesNotSupportedException(e.Message, e);
        }
    }

    /// <summary>How long to wait before try number <paramref name="attempt"/> + 1 (the first is 1).</summary>
    internal TimeSpan DelayBefore(int attempt, HttpResponseMessage? response = null)
    {
        if (response?.Headers.RetryAfter is { } after)
        {
            TimeSpan asked = after.Delta ?? (after.Date - DateTimeOffset.UtcNow) ?? TimeSpan.Zero;
            if (asked > TimeSpan.Zero)
            {
                return asked < MaximumRetryAfter ? asked : MaximumRetryAfter;
            }
        }

        // Between half and all of a pause that doubles, so that many hosts do not come back at once.
        double full = Options.FirstDelay.TotalMilliseconds * Math.Pow(2, attempt - 1);
        return TimeSpan.FromMilliseconds(full * (0.5 + (Random.Shared.NextDouble() / 2)));
    }

    private static void AcceptManifests(HttpRequestMessage request)
    {
        foreach (string type in (string[])[MediaTypes.OciManifest, MediaTypes.DockerManifest, MediaTypes.OciIndex, MediaTypes.DockerManifestList])
        {
            request.Headers.Accept.ParseAdd(type);
        }
    }

    private Task<(byte[] Bytes, string? MediaType)> FetchSmallAsync(
        RegistryReference image, string path, string what, Action<HttpRequestMessage>? prepare, long limit, CancellationToken cancellation) =>
        ReadPatientlyAsync(() => SendAsync(image, HttpMethod.Get, path, what, prepare, cancellation), what, limit, cancellation);

    // Asks once more for what broke off.
    private async Task<(byte[] Bytes, string? MediaType)> ReadPatientlyAsync(Func<Task<HttpResponseMessage>> send, string what, long limit, CancellationToken cancellation)
    {
        for (int attempt = 1; ; attempt++)
        {
            using HttpResponseMessage response = await send().ConfigureAwait(false);
            try
            {
                byte[] bytes = await ReadBoundedAsync(response, limit, "the " + what, cancellation).ConfigureAwait(false);
                return (bytes, response.Content.Headers.ContentType?.MediaType);
            }
            catch (Exception e) when (IsBrokenConnection(e, cancellation))
            {
                if (attempt >= Options.Attempts)
                {
                    throw new RegistryException($"cannot fetch the {what}: {Describe(e)} (tried {attempt} times)", null, e);
                }
            }

            await Task.Delay(DelayBefore(attempt), cancellation).ConfigureAwait(false);
        }
    }

    // Mirrors in their order, and the place itself at the end; what gave the image last is asked first for the rest of it.
    private async Task<HttpResponseMessage> SendAsync(
        RegistryReference image, HttpMethod method, string path, string what, Action<HttpRequestMessage>? prepare, CancellationToken cancellation)
    {
        if (_registries.Value.IsBlocked(image))
        {
            throw new RegistryException($"registries.conf blocks {image.Registry}/{image.Repository}");
        }

        var refusals = new List<string>();
        IReadOnlyList<RegistryEndpoint> endpoints = _registries.Value.FindEndpoints(image);
        foreach (RegistryEndpoint endpoint in endpoints.Count == 1 ? endpoints : OrderEndpoints(image, endpoints))
        {
            try
            {
                HttpResponseMessage response = await SendAsync(endpoint, method, path, what, prepare, cancellation).ConfigureAwait(false);
                if (endpoints.Count > 1)
                {
                    Prefer(image, endpoint);
                }

                return response;
            }
            catch (OciException e) when (endpoint.IsMirror)
            {
                refusals.Add($"the mirror {endpoint.Location.Registry}: {e.Message}");
            }
            catch (RegistryException e) when (refusals.Count > 0)
            {
                throw new RegistryException($"{e.Message}; before it {string.Join("; ", refusals)}", e.Status, e.InnerException);
            }
        }

        throw new RegistryException($"cannot fetch the {what}: {string.Join("; ", refusals)}");
    }

    private IEnumerable<RegistryEndpoint> OrderEndpoints(RegistryReference image, IReadOnlyList<RegistryEndpoint> endpoints)
    {
        string? preferred;
        lock (_gate)
        {
            preferred = _preferred.GetValueOrDefault(KeyOf(image));
        }

        return endpoints.OrderBy(endpoint => KeyOf(endpoint.Location) == preferred ? 0 : 1); // a stable order
    }

    private void Prefer(RegistryReference image, RegistryEndpoint endpoint)
    {
        lock (_gate)
        {
            _preferred[KeyOf(image)] = KeyOf(endpoint.Location);
        }
    }

    private Task<HttpResponseMessage> SendAsync(
        RegistryEndpoint endpoint, HttpMethod method, string path, string what, Action<HttpRequestMessage>? prepare, CancellationToken cancellation)
    {
        RegistryReference image = endpoint.Location;
        bool mayBePlain = MayBePlain(endpoint);
        return SendPatientlyAsync(
            () => SendOnceAsync(image, method, path, prepare, mayBePlain, cancellation),
            response => DescribeFailureAsync(response, image, method, what, cancellation),
            e => $"cannot {VerbOf(method)} the {what}: {Describe(e)}{AdviceFor(e, image)}",
            endpoint.IsMirror ? 1 : Options.Attempts, // what a mirror cannot do now, the next place can
            cancellation);
    }

    // Sends a request again where it may go well the next time.
    private async Task<HttpResponseMessage> SendPatientlyAsync(
        Func<Task<HttpResponseMessage>> send, Func<HttpResponseMessage, Task<Exception>> refused, Func<Exception, string> broken, int attempts, CancellationToken cancellation)
    {
        for (int attempt = 1; ; attempt++)
        {
            Exception failure;
            HttpResponseMessage? response = null;
            try
            {
                response = await send().ConfigureAwait(false);
                if (response.IsSuccessStatusCode)
                {
                    return response;
                }

                failure = await refused(response).ConfigureAwait(false);
                if (!IsTransient(response.StatusCode))
                {
                    response.Dispose();
                    throw failure;
                }
            }
            catch (Exception e) when (IsBrokenConnection(e, cancellation))
            {
                failure = new RegistryException(broken(e), null, e);
                if (IsPermanent(e))
                {
                    throw failure;
                }
            }

            if (attempt >= attempts)
            {
                response?.Dispose();
                throw new RegistryException($"{failure.Message}{(attempt == 1 ? "" : $" (tried {attempt} times)")}", (failure as RegistryException)?.Status, failure.InnerException);
            }

            TimeSpan delay = DelayBefore(attempt, response);
            response?.Dispose();
            await Task.Delay(delay, cancellation).ConfigureAwait(false);
        }
    }

    private async Task<HttpResponseMessage> SendOnceAsync(
        RegistryReference image, HttpMethod method, string path, Action<HttpRequestMessage>? prepare, bool mayBePlain, CancellationToken cancellation)
    {
        Uri home = await FindHomeAsync(image.Registry, mayBePlain, cancellation).ConfigureAwait(false);
        var uri = new Uri($"{home}{(image.Repository.Length == 0 ? "" : $"{image.Repository}/{path}")}");
        return await SendAuthenticatedAsync(image, uri, method, prepare, mayBePlain, cancellation).ConfigureAwait(false);
    }

    // The root of a registry's interface.
    private async Task<Uri> FindHomeAsync(string registry, bool mayBePlain, CancellationToken cancellation)
    {
        string scheme = await FindSchemeAsync(registry, mayBePlain, cancellation).ConfigureAwait(false);
        return new Uri($"{scheme}://{HostOf(registry)}/v2/");
    }

    private static string HostOf(string registry) => registry == "docker.io" ? "registry-1.docker.io" : registry;

    // Where an answer came from: after redirects that is not where the first request went.
    private static Uri PlaceOf(HttpResponseMessage response) => response.RequestMessage!.RequestUri!;

    private async Task<HttpResponseMessage> SendAuthenticatedAsync(
        RegistryReference image, Uri uri, HttpMethod method, Action<HttpRequestMessage>? prepare, bool mayBePlain, CancellationToken cancellation)
    {
        bool authenticated = false;
        while (true)
        {
            HttpResponseMessage response = await FollowAsync(image.Registry, uri, method, prepare, AuthorizationFor(image), mayBePlain, cancellation).ConfigureAwait(false);
            if (response.StatusCode != HttpStatusCode.Unauthorized || authenticated || !IsSamePlace(PlaceOf(response), uri))
            {
                return response; // what a redirect led to may not say where the registry's credentials go
            }

            authenticated = true;
            if (await AuthenticateAsync(response, image, method, mayBePlain, cancellation).ConfigureAwait(false) is not { } authorization)
            {
                return response;
            }

            response.Dispose();
            lock (_gate)
            {
                _authorizations[KeyOf(image)] = authorization;
            }
        }
    }

    // Redirects lead to storage elsewhere, which must not see the registry's credentials.
    private async Task<HttpResponseMessage> FollowAsync(
        string registry, Uri uri, HttpMethod method, Action<HttpRequestMessage>? prepare, AuthenticationHeaderValue? authorization, bool mayBePlain, CancellationToken cancellation)
    {
        Uri start = uri;
        for (int redirects = 0; ; redirects++)
        {
            using var request = new HttpRequestMessage(method, uri);
            prepare?.Invoke(request);
            request.Headers.Authorization = uri.Authority == start.Authority && uri.Scheme == start.Scheme ? authorization : null;
            HttpResponseMessage response = await SendWithTimeoutAsync(registry, request, mayBePlain, cancellation).ConfigureAwait(false);
            if ((int)response.StatusCode is not (301 or 302 or 303 or 307 or 308) || response.Headers.Location is not { } location)
            {
                return response;
            }

            response.Dispose();
            uri = Resolve(uri, location);
            if (redirects == MaximumRedirects)
            {
                throw new RegistryException($"{start.Host} redirects more than {MaximumRedirects} times");
            }

            if (uri.Scheme != Uri.UriSchemeHttps && !(mayBePlain && uri.Scheme == Uri.UriSchemeHttp))
            {
                throw new RegistryException($"{start.Host} redirects to {uri.GetLeftPart(UriPartial.Authority)}, which is not https");
            }
        }
    }

    // What looks like a relative address need not lead anywhere: "//[" begins with a host that is none.
    private static Uri Resolve(Uri from, Uri location) => Uri.TryCreate(from, location, out Uri? uri)
        ? uri
        : throw new RegistryException($"{from.GetLeftPart(UriPartial.Path)} leads to '{Clean(location.OriginalString)}', which is no address");

    // Redirects and token servers are reached with the certificates of the registry that names them.
    private async Task<HttpResponseMessage> SendWithTimeoutAsync(string registry, HttpRequestMessage request, bool mayBePlain, CancellationToken cancellation)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        timeout.CancelAfter(Options.StallTimeout);
        if (request.Content is UploadContent upload)
        {
            // What is sent shows that the connection lives; a registry that has all of it may take its time to look at it.
            upload.Moved = isComplete => timeout.CancelAfter(isComplete ? AnswerTimeout : Options.StallTimeout);
        }

        try
        {
            using HttpClient client = RegistryHttp.CreateClient(CertificatesOf(registry), verifyCertificates: !mayBePlain, Options.ConnectionsPerHost);
            return await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, timeout.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new TimeoutException($"no answer within {Options.StallTimeout.TotalSeconds:0.#} seconds");
        }
    }

    private async Task<string> FindSchemeAsync(string registry, bool mayBePlain, CancellationToken cancellation)
    {
        if (!mayBePlain)
        {
            return Uri.UriSchemeHttps;
        }

        lock (_gate)
        {
            if (_schemes.TryGetValue(registry, out string? known))
            {
                return known;
            }
        }

        string scheme = await SpeaksTlsAsync(registry, cancellation).ConfigureAwait(false) ? Uri.UriSchemeHttps : Uri.UriSchemeHttp;
        lock (_gate)
        {
            return _schemes[registry] = scheme;
        }
    }

    private async Task<bool> SpeaksTlsAsync(string registry, CancellationToken cancellation)
    {
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"https://{registry}/v2/");
            using HttpResponseMessage response = await SendWithTimeoutAsync(registry, request, mayBePlain: true, cancellation).ConfigureAwait(false);
            return true;
        }
        catch (HttpRequestException e) when (e.HttpRequestError == HttpRequestError.SecureConnectionError || e.InnerException is AuthenticationException or IOException)
        {
            return false;
        }
    }

    private async Task<byte[]> ReadBoundedAsync(HttpResponseMessage response, long limit, string what, CancellationToken cancellation)
    {
        if (response.Content.Headers.ContentLength > limit)
        {
            throw new ManifestException($"{what} has {response.Content.Headers.ContentLength} bytes, and at most {limit} are expected");
        }

        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        deadline.CancelAfter(AnswerTimeout);
        try
        {
            using var body = new TimedStream(await response.Content.ReadAsStreamAsync(deadline.Token).ConfigureAwait(false), Options.StallTimeout);
            using var buffer = new MemoryStream();
            byte[] block = new byte[16 * 1024];
            for (int count; (count = await body.ReadAsync(block, deadline.Token).ConfigureAwait(false)) > 0;)
            {
                buffer.Write(block, 0, count);
                if (buffer.Length > limit)
                {
                    throw new ManifestException($"{what} has more than the {limit} bytes that are expected");
                }
            }

            return buffer.ToArray();
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new TimeoutException($"it was not there within {AnswerTimeout.TotalSeconds:0.#} seconds");
        }
    }

    private async Task<Exception> DescribeFailureAsync(HttpResponseMessage response, RegistryReference image, HttpMethod method, string what, CancellationToken cancellation)
    {
        int status = (int)response.StatusCode;
        string reason = await ReadReasonAsync(response, cancellation).ConfigureAwait(false);
        bool isElsewhere = !IsSamePlace(PlaceOf(response), new Uri($"{PlaceOf(response).Scheme}://{HostOf(image.Registry)}"));
        string who = isElsewhere ? $"{image.Registry} leads to {PlaceOf(response).Authority}, which" : image.Registry;
        string answer = $"{who} answered {status} {response.StatusCode}{(reason.Length > 0 ? $" ({reason})" : "")}";
        return response.StatusCode switch
        {
            HttpStatusCode.NotFound when method == HttpMethod.Get || method == HttpMethod.Head => new ImageNotFoundException($"there is no {what}: {answer}"),
            HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => new UnauthorizedException(
                $"access to the {what} is refused: {answer}; {(isElsewhere ? "it is shown no credentials" : DescribeCredentials(image))}"),
            _ => new RegistryException($"cannot {VerbOf(method)} the {what}: {answer}", status),
        };
    }

    private string DescribeCredentials(RegistryReference image) => _credentials.Find(image) is { } credential
        ? $"the credentials of '{credential.User}' do not suffice"
        : $"no credentials for it are in {string.Join(", ", _credentials.Paths)}";

    private async Task<string> ReadReasonAsync(HttpResponseMessage response, CancellationToken cancellation)
    {
        try
        {
            byte[] body = await ReadBoundedAsync(response, MaximumErrorBody, "the error", cancellation).ConfigureAwait(false);
            RegistryErrors.RegistryError? error = JsonSerializer.Deserialize(body, OciJson.Default.RegistryErrors)?.Errors?.FirstOrDefault();
            return Clean(string.Join(": ", new[] { error?.Code, error?.Message }.Where(part => !string.IsNullOrEmpty(part))));
        }
        catch (Exception e) when (e is JsonException or OciException || IsBrokenConnection(e, cancellation))
        {
            return "";
        }
    }

    // What a server says is shown on a terminal: without control characters, and not at length.
    private static string Clean(string text)
    {
        var clean = new StringBuilder();
        foreach (char c in text.AsSpan(0, Math.Min(text.Length, 200)))
        {
            clean.Append(char.IsControl(c) ? ' ' : c);
        }

        return clean.ToString();
    }

    private AuthenticationHeaderValue? AuthorizationFor(RegistryReference image)
    {
        lock (_gate)
        {
            return _authorizations.GetValueOrDefault(KeyOf(image));
        }
    }

    private bool MayBePlain(RegistryEndpoint endpoint) =>
        endpoint.Insecure || (IsLoopback(endpoint.Location.Registry) && CertificatesOf(endpoint.Location.Registry) is null);

    private RegistryCertificates? CertificatesOf(string registry) => _certificates.GetOrAdd(registry, static (name, options) => RegistryCertificates.Find(options, name), Options);

    private static bool IsRefusalOfRanges(RegistryException e) => e.Status is 400 or 416 or 501;

    private static string VerbOf(HttpMethod method) => method == HttpMethod.Get ? "fetch" : method == HttpMethod.Head ? "look for" : "push";

    private static string KeyOf(RegistryReference image) => $"{image.Registry}/{image.Repository}";

    private static bool IsLoopback(string registry)
    {
        string host = registry.StartsWith('[') ? registry[1..Math.Max(1, registry.IndexOf(']'))] : registry.Split(':')[0];
        return host == "localhost" || (IPAddress.TryParse(host, out IPAddress? address) && IPAddress.IsLoopback(address));
    }

    internal static bool IsTransient(HttpStatusCode status) => (int)status is 408 or 429 or >= 500 and not 501 and not 505;

    internal static bool IsBrokenConnection(Exception e, CancellationToken cancellation) =>
        e is HttpRequestException or TimeoutException or IOException || (e is OperationCanceledException && !cancellation.IsCancellationRequested);

    // A name that does not exist and a certificate that is not trusted stay so, and a proxy that wants other credentials.
    private static bool IsPermanent(Exception e) => e is HttpRequestException { HttpRequestError: HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError }
        || (e is HttpRequestException { HttpRequestError: HttpRequestError.ProxyTunnelError } && e.Message.Contains("'407'", StringComparison.Ordinal));

    private static string AdviceFor(Exception e, RegistryReference image) => e is HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError }
        ? $" ({image.Registry} speaks no TLS, or has a certificate that is not trusted; where that is meant to be, 'insecure = true' in registries.conf allows it)"
        : "";

    internal static string Describe(Exception e) => e.InnerException is { } inner && !e.Message.Contains(inner.Message, StringComparison.Ordinal) ? $"{e.Message}: {inner.Message}" : e.Message;
}
