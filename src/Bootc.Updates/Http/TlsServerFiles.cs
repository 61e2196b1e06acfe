// The files by which a server shows who it is and checks its clients.
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Bootc.Updates.Http;

/// <summary>Files in PEM for TLS on the server's side. Certificates that are renewed are used without a restart.</summary>
public sealed class TlsServerFiles
{
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(10);
    private readonly Lock _lock = new();
    private readonly string _certificate;
    private readonly string _key;
    private readonly string? _clientAuthorities;
    private SslServerAuthenticationOptions _options;
    private (DateTime Certificate, DateTime Key, DateTime Authorities) _read;
    private long _looked;

    /// <param name="certificate">The server's certificate, with those between it and the authority behind it.</param>
    /// <param name="key">Its key.</param>
    /// <param name="clientAuthorities">The authorities of clients. Only who has a certificate of one of them is served then.</param>
    /// <exception cref="UpdatesException">A file is missing or malformed.</exception>
    public TlsServerFiles(string certificate, string key, string? clientAuthorities)
    {
        _certificate = certificate;
        _key = key;
        _clientAuthorities = clientAuthorities;
        _read = Times();
        _options = Load();
        _looked = Environment.TickCount64;
    }

    /// <summary>The options of a connection that begins now.</summary>
    /// <param name="log">Told when new files cannot be read; the old ones stay in use then.</param>
    internal SslServerAuthenticationOptions Current(Action<string> log)
    {
        lock (_lock)
        {
            if (Environment.TickCount64 - _looked < LookAgain.TotalMilliseconds)
            {
                return _options;
            }

            _looked = Environment.TickCount64;
            try
            {
                var times = Times();
                if (times != _read)
                {
                    _options = Load();
                    _read = times;
                    log($"{_certificate} was read anew");
                }
            }
            catch (UpdatesException e)
            {
                log($"{e.Message}: {e.InnerException?.Message}; the old ones stay in use");
            }

            return _options;
        }
    }

    private (DateTime Certificate, DateTime Key, DateTime Authorities) Times() =>
        (File.GetLastWriteTimeUtc(_certificate), File.GetLastWriteTimeUtc(_key), _clientAuthorities is null ? default : File.GetLastWriteTimeUtc(_clientAuthorities));

    private SslServerAuthenticationOptions Load()
    {
        try
        {
            var chain = new X509Certificate2Collection();
            chain.ImportFromPemFile(_certificate);
            var options = new SslServerAuthenticationOptions
            {
                ServerCertificateContext = SslStreamCertificateContext.Create(X509Certificate2.CreateFromPemFile(_certificate, _key), chain, offline: true),
            };
            if (_clientAuthorities is not null)
            {
                options.ClientCertificateRequired = true;
                options.CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
                options.CertificateChainPolicy.CustomTrustStore.ImportFromPemFile(_clientAuthorities);
            }

            return options;
        }
        catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw new UpdatesException($"the certificates {string.Join(", ", new[] { _certificate, _key, _clientAuthorities }.OfType<string>())} cannot be read", e);
        }
    }
}
