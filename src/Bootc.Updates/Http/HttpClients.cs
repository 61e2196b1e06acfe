// The HTTP clients of this library.
using System.Net.Security;

namespace Bootc.Updates.Http;

/// <summary>Makes HTTP clients that follow no redirects and read no endless answers.</summary>
internal static class HttpClients
{
    private const int MaximumAnswer = 64 << 20;

    /// <summary>A client; who uses it limits the time of each request.</summary>
    public static HttpClient Create(TlsClientFiles? tls = null)
    {
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            ConnectTimeout = TimeSpan.FromSeconds(10),
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            UseCookies = false,
            SslOptions = tls?.Load() ?? new SslClientAuthenticationOptions(),
        };
        var client = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan, MaxResponseContentBufferSize = MaximumAnswer };
        client.DefaultRequestHeaders.UserAgent.ParseAdd("bootc-dotnet/" + (typeof(HttpClients).Assembly.GetName().Version?.ToString(3) ?? "0"));
        return client;
    }
}
