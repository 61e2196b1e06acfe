// The HTTP clients for registries.
using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using Microsoft.Extensions.DependencyInjection;

namespace Bootc.Oci.Registry;

/// <summary>Makes HTTP clients that share their connections; redirects are followed by hand, so that credentials stay home.</summary>
internal static class RegistryHttp
{
    private const string Verified = "registry";
    private const string Unverified = "insecure-registry";
    private static readonly Lazy<IHttpClientFactory> Factory = new(CreateFactory);
    private static readonly ConcurrentDictionary<(string Directory, bool Verified), SocketsHttpHandler> Handlers = new();

    /// <summary>A client for one registry.</summary>
    /// <param name="certificates">Its certificates, if it has some of its own.</param>
    /// <param name="verifyCertificates">Whether the server must have a certificate that is trusted.</param>
    public static HttpClient CreateClient(RegistryCertificates? certificates, bool verifyCertificates)
    {
        HttpClient client = certificates is null
            ? Factory.Value.CreateClient(verifyCertificates ? Verified : Unverified)
            : new HttpClient(Handlers.GetOrAdd((certificates.Directory, verifyCertificates), _ => CreateHandler(certificates.ToTlsOptions(), verifyCertificates)), disposeHandler: false);
        client.Timeout = Timeout.InfiniteTimeSpan; // each request has limits of its own
        client.DefaultRequestHeaders.UserAgent.ParseAdd("bootc-dotnet/" + (typeof(RegistryHttp).Assembly.GetName().Version?.ToString(3) ?? "0"));
        return client;
    }

    private static IHttpClientFactory CreateFactory()
    {
        var services = new ServiceCollection();
        services.AddHttpClient(Verified).ConfigurePrimaryHttpMessageHandler(static () => CreateHandler(new SslClientAuthenticationOptions(), verifyCertificates: true)).RemoveAllLoggers();
        services.AddHttpClient(Unverified).ConfigurePrimaryHttpMessageHandler(static () => CreateHandler(new SslClientAuthenticationOptions(), verifyCertificates: false)).RemoveAllLoggers();
        return services.BuildServiceProvider().GetRequiredService<IHttpClientFactory>();
    }

    // Proxies are those of the environment: HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY.
    private static SocketsHttpHandler CreateHandler(SslClientAuthenticationOptions tls, bool verifyCertificates)
    {
        if (!verifyCertificates)
        {
            tls.CertificateChainPolicy = null;
            tls.RemoteCertificateValidationCallback = static (_, _, _, _) => true;
        }

        return new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            ConnectTimeout = TimeSpan.FromSeconds(15),
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            UseCookies = false,
            SslOptions = tls,
        };
    }
}
