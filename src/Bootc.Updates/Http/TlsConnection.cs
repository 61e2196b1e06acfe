// TLS below HTTP.
using System.IO.Pipelines;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;

namespace Bootc.Updates.Http;

/// <summary>
/// Speaks TLS on a connection of Kestrel, and passes on what is within. Kestrel's own part for that wants services that only a whole
/// host of ASP.NET Core has.
/// </summary>
internal static class TlsConnection
{
    private static readonly TimeSpan HandshakeTimeout = TimeSpan.FromSeconds(10);

    /// <summary>Serves a connection to its end.</summary>
    public static async Task ServeAsync(ConnectionContext connection, ConnectionDelegate next, TlsServerFiles files, Action<string> log)
    {
        IDuplexPipe plain = connection.Transport;
        await using var tls = new SslStream(new DuplexStream(plain), leaveInnerStreamOpen: true);
        if (!await ShakeHandsAsync(tls, files.Current(log), connection.ConnectionClosed).ConfigureAwait(false))
        {
            return;
        }

        connection.Features.Set<ITlsConnectionFeature>(new ClientFeature(tls.RemoteCertificate));
        var within = new Within(PipeReader.Create(tls, new StreamPipeReaderOptions(leaveOpen: true)), PipeWriter.Create(tls, new StreamPipeWriterOptions(leaveOpen: true)));
        connection.Transport = within;
        try
        {
            await next(connection).ConfigureAwait(false);
            await within.Output.CompleteAsync().ConfigureAwait(false);
            await tls.ShutdownAsync().ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or InvalidOperationException or OperationCanceledException)
        {
            // The client went away.
        }
        finally
        {
            await within.Input.CompleteAsync().ConfigureAwait(false);
            connection.Transport = plain;
        }
    }

    // A client that does not speak TLS, or shows no certificate that is wanted, is let go without a word.
    private static async Task<bool> ShakeHandsAsync(SslStream tls, SslServerAuthenticationOptions options, CancellationToken closed)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(closed);
        patience.CancelAfter(HandshakeTimeout);
        try
        {
            await tls.AuthenticateAsServerAsync(options, patience.Token).ConfigureAwait(false);
            return true;
        }
        catch (Exception e) when (e is IOException or AuthenticationException or OperationCanceledException or InvalidOperationException)
        {
            return false;
        }
    }

    private sealed record Within(PipeReader Input, PipeWriter Output) : IDuplexPipe;

    private sealed class ClientFeature(X509Certificate? certificate) : ITlsConnectionFeature
    {
        public X509Certificate2? ClientCertificate { get; set; } = certificate switch
        {
            null => null,
            X509Certificate2 known => known,
            _ => X509CertificateLoader.LoadCertificate(certificate.GetRawCertData()),
        };

        public Task<X509Certificate2?> GetClientCertificateAsync(CancellationToken cancellationToken) => Task.FromResult(ClientCertificate);
    }
}
