// Certificates for the TLS connections to one registry.
using System.Collections.Concurrent;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Bootc.Oci.Registry;

/// <summary>
/// What the directory of a registry in <c>certs.d</c> holds (containers-certs.d(5)): authorities as <c>*.crt</c>, which are
/// trusted besides those of the system, and a client's certificate with its key as <c>*.cert</c> and <c>*.key</c>.
/// </summary>
internal sealed class RegistryCertificates
{
    private static readonly ConcurrentDictionary<string, RegistryCertificates?> Known = new(StringComparer.Ordinal);

    private RegistryCertificates(string directory)
    {
        Directory = directory;
        foreach (string path in System.IO.Directory.EnumerateFiles(directory).Order(StringComparer.Ordinal))
        {
            Add(path);
        }
    }

    /// <summary>The directory, which stands for its content.</summary>
    public string Directory { get; }

    /// <summary>Authorities that are trusted besides those of the system.</summary>
    public X509Certificate2Collection Authorities { get; } = [];

    /// <summary>Certificates by which this client shows who it is.</summary>
    public X509Certificate2Collection Clients { get; } = [];

    /// <summary>The certificates of the first directory that there is for a registry; <see langword="null"/> for none.</summary>
    /// <param name="options">Where settings are.</param>
    /// <param name="registry">Host, or host and port.</param>
    /// <exception cref="OciException">A certificate or key is malformed, or one lacks the other.</exception>
    public static RegistryCertificates? Find(OciOptions options, string registry)
    {
        string[] places = [.. options.Home is { } home ? (string[])[Path.Combine(home, ".config/containers/certs.d")] : [], Path.Combine(options.Root, "etc/containers/certs.d"), Path.Combine(options.Root, "etc/docker/certs.d")];
        string? directory = places.Select(place => Path.Combine(place, registry)).FirstOrDefault(System.IO.Directory.Exists);
        return directory is null ? null : Known.GetOrAdd(directory, static path => new RegistryCertificates(path));
    }

    /// <summary>How a server's certificate is checked, and what is shown to it.</summary>
    public SslClientAuthenticationOptions ToTlsOptions()
    {
        var tls = new SslClientAuthenticationOptions { ClientCertificates = Clients.Count > 0 ? Clients : null };
        if (Authorities.Count == 0)
        {
            return tls;
        }

        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        using (var system = new X509Store(StoreName.Root, StoreLocation.LocalMachine, OpenFlags.ReadOnly))
        {
            policy.CustomTrustStore.AddRange(system.Certificates);
        }

        policy.CustomTrustStore.AddRange(Authorities);
        tls.CertificateChainPolicy = policy;
        return tls;
    }

    private void Add(string path)
    {
        try
        {
            switch (Path.GetExtension(path))
            {
                case ".crt":
                    Authorities.ImportFromPemFile(path);
                    break;
                case ".cert":
                    Clients.Add(X509Certificate2.CreateFromPemFile(path, Require(Path.ChangeExtension(path, ".key"), "the key of")));
                    break;
                case ".key":
                    _ = Require(Path.ChangeExtension(path, ".cert"), "the certificate for");
                    break;
            }
        }
        catch (CryptographicException e)
        {
            throw new OciException($"{path} is no certificate with its key in PEM: {e.Message}", e);
        }

        string Require(string other, string what) => File.Exists(other) ? other : throw new OciException($"{other}, {what} {path}, is missing");
    }
}
