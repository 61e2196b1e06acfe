// A graph document in a file or behind a URL, for hosts that follow it without a graph server.
using System.Text;
using Bootc.Updates.Http;

namespace Bootc.Updates.Graph;

/// <summary>Reads one document again and again.</summary>
public sealed class GraphDocumentClient : IDisposable
{
    private static readonly TimeSpan Timeout = TimeSpan.FromMinutes(1);
    private readonly string _place;
    private readonly Uri? _url;
    private readonly HttpClient? _http;

    /// <param name="place">An absolute path, or a URL of http or https.</param>
    /// <exception cref="UpdatesException">It is neither.</exception>
    public GraphDocumentClient(string place)
    {
        _place = place;
        if (place.StartsWith('/'))
        {
            return;
        }

        if (!Uri.TryCreate(place, UriKind.Absolute, out _url) || _url.Scheme is not ("http" or "https"))
        {
            throw new UpdatesException($"'{place}' is no place of a graph: an absolute path, or a URL of http or https is wanted");
        }

        _http = HttpClients.Create();
    }

    /// <summary>Reads the document as it is now.</summary>
    /// <exception cref="UpdatesException">It cannot be had, or is no graph.</exception>
    public async Task<GraphDocument> FetchAsync(CancellationToken cancellation) => GraphDocument.Parse(await ReadAsync(cancellation).ConfigureAwait(false), _place);

    /// <inheritdoc/>
    public void Dispose() => _http?.Dispose();

    private async Task<string> ReadAsync(CancellationToken cancellation)
    {
        if (_http is null)
        {
            try
            {
                return await File.ReadAllTextAsync(_place, cancellation).ConfigureAwait(false);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new UpdatesException($"{_place} cannot be read", e);
            }
        }

        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        deadline.CancelAfter(Timeout);
        try
        {
            using HttpResponseMessage response = await _http.GetAsync(_url, deadline.Token).ConfigureAwait(false);
            return response.IsSuccessStatusCode
                ? Encoding.UTF8.GetString(await response.Content.ReadAsByteArrayAsync(deadline.Token).ConfigureAwait(false))
                : throw new UpdatesException($"{_place} cannot be fetched: the server answered {(int)response.StatusCode}");
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new UpdatesException($"{_place} cannot be fetched: it did not come within {Timeout.TotalSeconds:0} s");
        }
        catch (HttpRequestException e)
        {
            throw new UpdatesException($"{_place} cannot be fetched", e);
        }
    }
}
