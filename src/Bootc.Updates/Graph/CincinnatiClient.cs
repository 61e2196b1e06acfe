// A client of graph servers, with the parameters of zincati.
using System.Globalization;
using System.Text.Json;
using Bootc.Updates.Http;

namespace Bootc.Updates.Graph;

/// <summary>Fetches graphs from a server that speaks the Cincinnati protocol.</summary>
public sealed class CincinnatiClient : IDisposable
{
    private static readonly TimeSpan DefaultTimeout = TimeSpan.FromMinutes(5);
    private readonly HttpClient _http;
    private readonly Uri _base;
    private readonly TimeSpan _timeout;

    /// <param name="baseUrl">Where the server is; <c>v1/graph</c> is below it.</param>
    /// <param name="tls">The certificates for https; those of the system when there are none.</param>
    /// <param name="timeout">How long a request may take; 5 min unless given.</param>
    /// <exception cref="UpdatesException">The URL is not one of http or https.</exception>
    public CincinnatiClient(string baseUrl, TlsClientFiles? tls = null, TimeSpan? timeout = null)
    {
        if (!Uri.TryCreate(baseUrl.TrimEnd('/') + "/", UriKind.Absolute, out Uri? uri) || uri.Scheme is not ("http" or "https"))
        {
            throw new UpdatesException($"'{baseUrl}' is no URL of a graph server: http://HOST[:PORT] or https://HOST[:PORT] is wanted");
        }

        _base = uri;
        _timeout = timeout ?? DefaultTimeout;
        _http = HttpClients.Create(tls);
    }

    /// <summary>Fetches the graph for a host.</summary>
    /// <exception cref="CincinnatiException">The server cannot be reached, refuses, or answers with something that is no graph.</exception>
    public async Task<UpdateGraph> FetchAsync(GraphQuery query, CancellationToken cancellation = default)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        deadline.CancelAfter(_timeout);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(_base, "v1/graph" + query.Format()));
            request.Headers.Accept.ParseAdd("application/json");
            using HttpResponseMessage response = await _http.SendAsync(request, deadline.Token).ConfigureAwait(false);
            byte[] content = await response.Content.ReadAsByteArrayAsync(deadline.Token).ConfigureAwait(false);
            return response.IsSuccessStatusCode ? CincinnatiGraph.Parse(content) : throw Refusal((int)response.StatusCode, content);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new CincinnatiException("client_failed_request", $"{_base} did not answer within {_timeout.TotalSeconds:0.#} s");
        }
        catch (HttpRequestException e)
        {
            throw new CincinnatiException("client_failed_request", $"{_base} cannot be asked for updates", e);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private static CincinnatiException Refusal(int status, byte[] content)
    {
        try
        {
            if (JsonSerializer.Deserialize(content, CincinnatiJson.Default.Failure) is { Kind: { Length: > 0 } kind, Value: { Length: > 0 } value })
            {
                return new CincinnatiException(kind, $"server-side error, code {status}: {value}");
            }
        }
        catch (JsonException)
        {
            // The server, or something before it, answers in words of its own.
        }

        return new CincinnatiException(string.Create(CultureInfo.InvariantCulture, $"generic_http_{status}"), $"server-side error, code {status}: (unknown/generic server error)");
    }
}
