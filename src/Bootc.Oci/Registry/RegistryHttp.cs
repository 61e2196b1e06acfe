// The HTTP clients for registries.
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

    public static HttpClient CreateClient(bool verifyCertificates)
    {
        HttpClient client = Factory.Value.CreateClient(verifyCertificates ? Verified : Unverified);
        client.Timeout = Timeout.InfiniteTimeSpan; // each request has limits of its own
        client.DefaultRequestHeaders.UserAgent.ParseAdd("bootc-dotnet/" + (typeof(RegistryHttp).Assembly.GetName().Version?.ToString(3) ?? "0"));
        return client;
    }

    private static IHttpClientFactory CreateFactory()
    {
        var services = new ServiceCollection();
        services.AddHttpClient(Verified).ConfigurePrimaryHttpMessageHandler(() => CreateHandler(true)).RemoveAllLoggers();
        services.AddHttpClient(Unverified).ConfigurePrimaryHttpMessageHandler(() => CreateHandler(false)).RemoveAllLoggers();
        return services.BuildServiceProvider().GetRequiredService<IHttpClientFactory>();
    }

    private static SocketsHttpHandler CreateHandler(bool verifyCertificates) => new()
    {
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.None,
        ConnectTimeout = TimeSpan.FromSeconds(15),
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        UseCookies = false,
        SslOptions = verifyCertificates ? new SslClientAuthenticationOptions() : new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = static (_, _, _, _) => true },
    };
}
