// Reports that are sent to a URL.
using System.Net.Http.Headers;
using Bootc.Updates.Http;

namespace Bootc.Updates.Git;

/// <summary>Sends each report by a POST request, as JSON.</summary>
/// <param name="url">The URL.</param>
/// <param name="tokenFile">The file with the token that is shown there; <see langword="null"/> for none.</param>
internal sealed class StatusWebhook(string url, string? tokenFile) : IReportSink
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    /// <inheritdoc/>
    public async Task SendAsync(HostReport report, CancellationToken cancellation)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        deadline.CancelAfter(Limit);
        using HttpClient client = HttpClients.Create();
        using var request = new HttpRequestMessage(HttpMethod.Post, url) { Content = new ByteArrayContent(report.ToJson()) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        if (tokenFile is not null)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", (await File.ReadAllTextAsync(tokenFile, deadline.Token).ConfigureAwait(false)).Trim());
        }

        try
        {
            using HttpResponseMessage response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, deadline.Token).ConfigureAwait(false);
            if (!response.IsSuccessStatusCode)
            {
                throw new UpdatesException($"the webhook for the host's status answered {(int)response.StatusCode}");
            }
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new UpdatesException($"the webhook for the host's status did not answer within {Limit.TotalSeconds:0} s");
        }
        catch (HttpRequestException e)
        {
            throw new UpdatesException($"the webhook for the host's status cannot be reached: {e.Message}", e);
        }
    }
}
