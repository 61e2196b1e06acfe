// The files by which a client checks a server and shows who it is.
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Bootc.Updates.Http;

/// <summary>Files in PEM for TLS on the client's side.</summary>
/// <param name="Authorities">The authorities of servers, instead of those of the system.</param>
/// <param name="Certificate">The client's certificate, with those between it and the authority behind it.</param>
/// <param name="Key">The key of the client's certificate.</param>
public sealed record TlsClientFiles(string? Authorities, string? Certificate, string? Key)
{
    /// <summary>The files that are given; <see langword="null"/> when none is.</summary>
    /// <exception cref="UpdatesException">A certificate is given without its key, or a key without its certificate.</exception>
    public static TlsClientFiles? From(string? authorities, string? certificate, string? key) =>
        certificate is null != key is null ? throw new UpdatesException("a client's certificate and its key belong together: one of them is missing")
        : authorities is null && certificate is null ? null : new TlsClientFiles(authorities, certificate, key);

    /// <summary>How a server's certificate is checked, and what is shown to it.</summary>
    /// <exception cref="UpdatesException">A file is missing or malformed.</exception>
    internal SslClientAuthenticationOptions Load()
    {
        var options = new SslClientAuthenticationOptions();
        try
        {
            if (Certificate is not null)
            {
                options.ClientCertificates = [X509Certificate2.CreateFromPemFile(Certificate, Key)];
            }

            if (Authorities is not null)
            {
                options.CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
                options.CertificateChainPolicy.CustomTrustStore.ImportFromPemFile(Authorities);
            }
        }
        catch (Exception e) when (e is CryptographicException or IOException)
        {
            throw new UpdatesException($"the certificates {string.Join(", ", new[] { Authorities, Certificate, Key }.OfType<string>())} cannot be read", e);
        }

        return options;
    }
}
