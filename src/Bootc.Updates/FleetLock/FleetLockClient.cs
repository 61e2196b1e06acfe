// The client's side of the FleetLock protocol, version 1.
using System.Net.Http.Headers;
using System.Text.Json;
using Bootc.Updates.Http;

namespace Bootc.Updates.FleetLock;

/// <summary>Asks a lock manager for the lock that a host holds while it reboots. All requests may be repeated.</summary>
public sealed class FleetLockClient : IDisposable
{
    private static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(30);
    private readonly HttpClient _http;
    private readonly Uri _base;
    private readonly TimeSpan _timeout;

    /// <param name="baseUrl">Where the lock manager is; the paths of the protocol are below it.</param>
    /// <param name="tls">The certificates for https; those of the system when there are none.</param>
    /// <param name="timeout">How long a request may take; 30 s unless given.</param>
    /// <exception cref="UpdatesException">The URL is not one of http or https.</exception>
    public FleetLockClient(string baseUrl, TlsClientFiles? tls = null, TimeSpan? timeout = null)
    {
        if (!Uri.TryCreate(baseUrl.TrimEnd('/') + "/", UriKind.Absolute, out Uri? uri) || uri.Scheme is not ("http" or "https"))
        {
            throw new UpdatesException($"'{baseUrl}' is no URL of a lock manager: http://HOST[:PORT] or https://HOST[:PORT] is wanted");
        }

        _base = uri;
        _timeout = timeout ?? DefaultTimeout;
        _http = HttpClients.Create(tls);
    }

    /// <summary>Takes a lock before a reboot; does nothing when the host holds it already.</summary>
    /// <exception cref="LockRejectedException">The lock manager refuses, most often because all slots are taken.</exception>
    /// <exception cref="HttpRequestException">The lock manager cannot be reached.</exception>
    /// <exception cref="TimeoutException">It does not answer in time.</exception>
    public Task PreRebootAsync(FleetLockIdentity identity, CancellationToken cancellation = default) => PostAsync("pre-reboot", identity, null, cancellation);

    /// <summary>Gives the lock back when the host is well; does nothing when it holds none.</summary>
    /// <exception cref="LockRejectedException">The lock manager refuses.</exception>
    /// <exception cref="HttpRequestException">The lock manager cannot be reached.</exception>
    /// <exception cref="TimeoutException">It does not answer in time.</exception>
    public Task SteadyStateAsync(FleetLockIdentity identity, CancellationToken cancellation = default) => PostAsync("steady-state", identity, null, cancellation);

    /// <summary>Opens the lock of another host. Only this project's lock managers can do that.</summary>
    /// <param name="identity">The host that holds it.</param>
    /// <param name="token">The administrators' token.</param>
    /// <param name="cancellation">Ends the request.</param>
    /// <exception cref="LockRejectedException">The lock manager refuses.</exception>
    /// <exception cref="HttpRequestException">The lock manager cannot be reached.</exception>
    /// <exception cref="TimeoutException">It does not answer in time.</exception>
    public Task ForceUnlockAsync(FleetLockIdentity identity, string token, CancellationToken cancellation = default) => PostAsync("force-unlock", identity, token, cancellation);

    /// <summary>All groups, holders and waiting hosts. Only this project's lock managers can tell.</summary>
    /// <exception cref="LockRejectedException">The lock manager refuses.</exception>
    /// <exception cref="HttpRequestException">The lock manager cannot be reached.</exception>
    /// <exception cref="TimeoutException">It does not answer in time.</exception>
    public async Task<IReadOnlyList<GroupReport>> ListAsync(CancellationToken cancellation = default)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(_base, "v1/groups"));
        byte[] content = await SendAsync("groups", request, cancellation).ConfigureAwait(false);
        try
        {
            return JsonSerializer.Deserialize(content, FleetLockJson.Default.GroupReportArray) ?? throw new JsonException("it is null");
        }
        catch (JsonException e)
        {
            throw new UpdatesException($"{_base}v1/groups answered with something that is no list of groups", e);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private async Task PostAsync(string endpoint, FleetLockIdentity identity, string? token, CancellationToken cancellation)
    {
        if (identity.FindFault() is { } fault)
        {
            throw new UpdatesException(fault);
        }

        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(_base, $"v1/{endpoint}"))
        {
            Content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(new FleetLockRequest(identity), FleetLockJson.Default.FleetLockRequest)),
        };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        request.Headers.Add("fleet-lock-protocol", "true");
        request.Headers.Authorization = token is null ? null : new AuthenticationHeaderValue("Bearer", token);
        await SendAsync(endpoint, request, cancellation).ConfigureAwait(false);
    }

    private async Task<byte[]> SendAsync(string endpoint, HttpRequestMessage request, CancellationToken cancellation)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        deadline.CancelAfter(_timeout);
        try
        {
            using HttpResponseMessage response = await _http.SendAsync(request, deadline.Token).ConfigureAwait(false);
            byte[] content = await response.Content.ReadAsByteArrayAsync(deadline.Token).ConfigureAwait(false);
            return response.IsSuccessStatusCode ? content : throw new LockRejectedException(endpoint, (int)response.StatusCode, ReadError(content, (int)response.StatusCode));
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new TimeoutException($"{request.RequestUri} did not answer within {_timeout.TotalSeconds:0.#} s");
        }
    }

    private static FleetLockError ReadError(byte[] content, int status)
    {
        try
        {
            if (JsonSerializer.Deserialize(content, FleetLockJson.Default.FleetLockError) is { Kind: { Length: > 0 }, Value: { Length: > 0 } } error)
            {
                return error;
            }
        }
        catch (JsonException)
        {
            // The lock manager, or something before it, answers in words of its own.
        }

        return new FleetLockError($"generic_http_{status}", "(unknown server error)");
    }
}
