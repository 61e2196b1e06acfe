// A client of etcd's key-value service, through the gateway that speaks HTTP and JSON.
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Bootc.Updates.Http;

namespace Bootc.Updates.FleetLock.Etcd;

/// <summary>Asks the members of a cluster, one after another until one answers; the one that did is asked first the next time.</summary>
internal sealed class EtcdClient : IDisposable
{
    private static readonly TimeSpan ShortestAttempt = TimeSpan.FromMilliseconds(500);
    private readonly HttpClient _http;
    private readonly Uri[] _endpoints;
    private readonly TimeSpan _timeout;
    private int _preferred;

    /// <param name="endpoints">The members' client URLs.</param>
    /// <param name="tls">The certificates for https; those of the system when there are none.</param>
    /// <param name="timeout">How long a request may take, with all members together.</param>
    public EtcdClient(IReadOnlyList<Uri> endpoints, TlsClientFiles? tls, TimeSpan timeout)
    {
        _endpoints = [.. endpoints.Select(endpoint => new Uri(endpoint.AbsoluteUri.TrimEnd('/') + "/"))];
        _timeout = timeout;
        _http = HttpClients.Create(tls);
    }

    /// <summary>The members, for messages.</summary>
    public string Description => string.Join(", ", _endpoints.Select(endpoint => endpoint.AbsoluteUri.TrimEnd('/')));

    /// <summary>Reads a key, as the cluster agrees on it now.</summary>
    /// <exception cref="LockStoreException">No member answers.</exception>
    public Task<RangeResponse> RangeAsync(RangeRequest request, CancellationToken cancellation) =>
        PostAsync("v3/kv/range", JsonSerializer.SerializeToUtf8Bytes(request, EtcdJson.Default.RangeRequest), EtcdJson.Default.RangeResponse, cancellation);

    /// <summary>Runs a transaction.</summary>
    /// <exception cref="LockStoreException">No member answers; it may have been run all the same.</exception>
    public Task<TransactionResponse> TransactAsync(TransactionRequest request, CancellationToken cancellation) =>
        PostAsync("v3/kv/txn", JsonSerializer.SerializeToUtf8Bytes(request, EtcdJson.Default.TransactionRequest), EtcdJson.Default.TransactionResponse, cancellation);

    public void Dispose() => _http.Dispose();

    private async Task<T> PostAsync<T>(string path, byte[] body, JsonTypeInfo<T> type, CancellationToken cancellation)
        where T : class
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        deadline.CancelAfter(_timeout);
        int first = Volatile.Read(ref _preferred);
        Exception? last = null;
        for (int i = 0; i < _endpoints.Length && !deadline.IsCancellationRequested; i++)
        {
            int index = (first + i) % _endpoints.Length;
            try
            {
                T answer = await AttemptAsync(new Uri(_endpoints[index], path), body, type, deadline.Token).ConfigureAwait(false);
                Volatile.Write(ref _preferred, index);
                return answer;
            }
            catch (Exception e) when (e is HttpRequestException or IOException or JsonException or LockStoreException || (e is OperationCanceledException && !cancellation.IsCancellationRequested))
            {
                last = e is OperationCanceledException ? new TimeoutException($"{_endpoints[index].AbsoluteUri.TrimEnd('/')} did not answer in time") : e;
            }
        }

        cancellation.ThrowIfCancellationRequested();
        throw new LockStoreException($"etcd does not answer at {Description}", last);
    }

    // An attempt may take its share of the time, so that a member that hangs leaves some to the others.
    private async Task<T> AttemptAsync<T>(Uri uri, byte[] body, JsonTypeInfo<T> type, CancellationToken cancellation)
        where T : class
    {
        using var attempt = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        TimeSpan share = _timeout / _endpoints.Length;
        attempt.CancelAfter(share > ShortestAttempt ? share : ShortestAttempt);
        using var request = new HttpRequestMessage(HttpMethod.Post, uri) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        using HttpResponseMessage response = await _http.SendAsync(request, attempt.Token).ConfigureAwait(false);
        byte[] content = await response.Content.ReadAsByteArrayAsync(attempt.Token).ConfigureAwait(false);
        return response.IsSuccessStatusCode
            ? JsonSerializer.Deserialize(content, type) ?? throw new JsonException($"{uri} answered null")
            : throw new LockStoreException($"{uri} answered {(int)response.StatusCode}: {Describe(content)}");
    }

    private static string Describe(byte[] content)
    {
        try
        {
            EtcdFailure? failure = JsonSerializer.Deserialize(content, EtcdJson.Default.EtcdFailure);
            return failure?.Message ?? failure?.Error ?? "no reason given";
        }
        catch (JsonException)
        {
            return "no reason given";
        }
    }
}
