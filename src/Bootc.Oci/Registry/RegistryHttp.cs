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
    private static readonly ConcurrentDictionary<(string? Directory, bool Verified, int Connections), SocketsHttpHandler> Handlers = new();

    /// <summary>A client for one registry.</summary>
    /// <param name="certificates">Its certificates, if it has some of its own.</param>
    /// <param name="verifyCertificates">Whether the server must have a certificate that is trusted.</param>
    /// <param name="connections">How many connections there are to it at the most.</param>
    /// <exception cref="OciException">The environment names a proxy that is none.</exception>
    public static HttpClient CreateClient(RegistryCertificates? certificates, bool verifyCertificates, int connections)
    {
        _ = EnvironmentProxy.Current;
        HttpClient client = certificates is null && connections == OciOptions.DefaultConnectionsPerHost
            ? Factory.Value.CreateClient(verifyCertificates ? Verified : Unverified)
            : new HttpClient(
                Handlers.GetOrAdd(
                    (certificates?.Directory, verifyCertificates, connections),
                    _ => CreateHandler(certificates?.ToTlsOptions() ?? new SslClientAuthenticationOptions(), verifyCertificates, connections)),
                disposeHandler: false);
        client.Timeout = Timeout.InfiniteTimeSpan; // each request has limits of its own
        client.DefaultRequestHeaders.UserAgent.ParseAdd("bootc-dotnet/" + (typeof(RegistryHttp).Assembly.GetName().Version?.ToString(3) ?? "0"));
        return client;
    }

    private static IHttpClientFactory CreateFactory()
    {
        var services = new ServiceCollection();
        services.AddHttpClient(Verified).ConfigurePrimaryHttpMessageHandler(static () => CreateHandler(new SslClientAuthenticationOptions(), verifyCertificates: true, OciOptions.DefaultConnectionsPerHost)).RemoveAllLoggers();
        services.AddHttpClient(Unverified).ConfigurePrimaryHttpMessageHandler(static () => CreateHandler(new SslClientAuthenticationOptions(), verifyCertificates: false, OciOptions.DefaultConnectionsPerHost)).RemoveAllLoggers();
        return services.BuildServiceProvider().GetRequiredService<IHttpClientFactory>();
    }

    private static SocketsHttpHandler CreateHandler(SslClientAuthenticationOptions tls, bool verifyCertificates, int connections)
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
            MaxConnectionsPerServer = connections,
            Proxy = EnvironmentProxy.Current,
            UseCookies = false,
            SslOptions = tls,
        };
    }
}
