// The HTTP server of this library's services.
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Bootc.Updates.Http;

/// <summary>
/// Kestrel alone, without the rest of ASP.NET Core: no host, no configuration, no routing, no middleware, none of which a handful
/// of paths needs, and all of which would be in the executable.
/// </summary>
public sealed class HttpServer : IAsyncDisposable
{
    private const int MaximumBody = 64 << 10;
    private readonly KestrelServer _kestrel;

    private HttpServer(KestrelServer kestrel, bool isTls)
    {
        _kestrel = kestrel;
        string address = kestrel.Features.Get<IServerAddressesFeature>()!.Addresses.First();
        Url = isTls ? address.Replace("http://", "https://", StringComparison.Ordinal) : address;
    }

    /// <summary>The URL at which the server is, with the port that was chosen.</summary>
    public string Url { get; }

    /// <summary>Starts to listen.</summary>
    /// <param name="address">Where.</param>
    /// <param name="tls">The certificates; without them the server speaks plain HTTP.</param>
    /// <param name="service">Answers the requests.</param>
    /// <param name="log">Takes a line for the log.</param>
    /// <exception cref="UpdatesException">The address cannot be listened on.</exception>
    public static async Task<HttpServer> StartAsync(ListenAddress address, TlsServerFiles? tls, IHttpService service, Action<string> log)
    {
        var options = new KestrelServerOptions { AddServerHeader = false, ApplicationServices = new NoServices() };
        options.Limits.MaxRequestBodySize = MaximumBody;
        options.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(15);
        options.Limits.KeepAliveTimeout = TimeSpan.FromMinutes(2);
        Action<ListenOptions> listen = endPointOptions => Configure(endPointOptions, tls, log);
        if (address.EndPoint is { } endPoint)
        {
            options.Listen(endPoint, listen);
        }
        else
        {
            File.Delete(address.UnixSocket!); // what a server that was killed left
            options.ListenUnixSocket(address.UnixSocket!, listen);
        }

        var transport = new SocketTransportFactory(Options.Create(new SocketTransportOptions()), NullLoggerFactory.Instance);
        var kestrel = new KestrelServer(Options.Create(options), transport, NullLoggerFactory.Instance);
        try
        {
            await kestrel.StartAsync(new Application(service, log), CancellationToken.None).ConfigureAwait(false);
            return new HttpServer(kestrel, tls is not null);
        }
        catch (Exception e) when (e is IOException or System.Net.Sockets.SocketException)
        {
            kestrel.Dispose();
            throw new UpdatesException($"{address.UnixSocket ?? address.EndPoint!.ToString()} cannot be listened on", e.InnerException ?? e);
        }
    }

    /// <summary>Takes no more requests, and waits a while for those that run.</summary>
    public async ValueTask DisposeAsync()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(5));
        await _kestrel.StopAsync(patience.Token).ConfigureAwait(false);
        _kestrel.Dispose();
    }

    private static void Configure(ListenOptions options, TlsServerFiles? tls, Action<string> log)
    {
        options.Protocols = HttpProtocols.Http1;
        if (tls is not null)
        {
            options.Use(next => connection => TlsConnection.ServeAsync(connection, next, tls, log));
        }
    }

    private sealed class NoServices : IServiceProvider
    {
        public object? GetService(Type serviceType) => null;
    }

    private sealed class Application(IHttpService service, Action<string> log) : IHttpApplication<IFeatureCollection>
    {
        public IFeatureCollection CreateContext(IFeatureCollection contextFeatures) => contextFeatures;

        public void DisposeContext(IFeatureCollection context, Exception? exception)
        {
        }

        public async Task ProcessRequestAsync(IFeatureCollection context)
        {
            CancellationToken aborted = context.GetRequiredFeature<IHttpRequestLifetimeFeature>().RequestAborted;
            HttpAnswer answer;
            try
            {
                answer = await service.AnswerAsync(await ReadAsync(context, aborted).ConfigureAwait(false), aborted).ConfigureAwait(false);
            }
            catch (Microsoft.AspNetCore.Http.BadHttpRequestException e)
            {
                answer = HttpAnswer.Text(e.StatusCode, "text/plain; charset=utf-8", e.Message + "\n");
            }
            catch (Exception e) when (!aborted.IsCancellationRequested)
            {
                log($"{context.GetRequiredFeature<IHttpRequestFeature>().Path}: {e}");
                answer = new HttpAnswer(500, null, default);
            }

            await WriteAsync(context, answer, aborted).ConfigureAwait(false);
        }

        private static async Task<HttpCall> ReadAsync(IFeatureCollection context, CancellationToken cancellation)
        {
            IHttpRequestFeature request = context.GetRequiredFeature<IHttpRequestFeature>();
            var body = new MemoryStream();
            await request.Body.CopyToAsync(body, cancellation).ConfigureAwait(false);
            return new HttpCall(
                request.Method,
                request.Path,
                request.QueryString,
                name => request.Headers[name] is [{ } value] ? value : null,
                body.GetBuffer().AsMemory(0, (int)body.Length),
                context.Get<ITlsConnectionFeature>()?.ClientCertificate);
        }

        private static async Task WriteAsync(IFeatureCollection context, HttpAnswer answer, CancellationToken cancellation)
        {
            IHttpResponseFeature response = context.GetRequiredFeature<IHttpResponseFeature>();
            response.StatusCode = answer.Status;
            response.Headers.ContentLength = answer.Body.Length;
            response.Headers.CacheControl = "no-store";
            if (answer.ContentType is { } type)
            {
                response.Headers.ContentType = type;
                response.Headers.XContentTypeOptions = "nosniff";
            }

            foreach ((string name, string value) in answer.Headers)
            {
                response.Headers[name] = value;
            }

            if (answer.Body.Length > 0)
            {
                await context.GetRequiredFeature<IHttpResponseBodyFeature>().Writer.WriteAsync(answer.Body, cancellation).ConfigureAwait(false);
            }
        }
    }
}
