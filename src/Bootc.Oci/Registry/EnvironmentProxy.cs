// The proxies that the environment names.
using System.Net;

namespace Bootc.Oci.Registry;

/// <summary>
/// HTTP_PROXY, HTTPS_PROXY and NO_PROXY, upper-case before lower-case, with the meaning that programs written in Go give them
/// (golang.org/x/net/http/httpproxy), so that what works for podman works here: NO_PROXY lists hosts with their subdomains,
/// <c>.domain</c> and <c>*.domain</c> for subdomains alone, addresses, networks such as 10.0.0.0/8, each but networks with
/// a port if it is for that one, or <c>*</c> for all. This machine itself is never reached by a proxy. ALL_PROXY counts where there is
/// no other.
/// </summary>
internal sealed class EnvironmentProxy : IWebProxy, ICredentials
{
    private static readonly Lazy<EnvironmentProxy> OfThisProcess = new(() => new EnvironmentProxy(Environment.GetEnvironmentVariable));
    private readonly Proxy? _http;
    private readonly Proxy? _https;
    private readonly List<DirectPlace> _direct = [];

    /// <summary>The proxies that variables name.</summary>
    /// <param name="variable">Gives the value of a variable.</param>
    /// <exception cref="OciException">What a variable names is no proxy.</exception>
    public EnvironmentProxy(Func<string, string?> variable)
    {
        // In the environment of a CGI program, HTTP_PROXY is the header Proxy of whoever made the request.
        _http = Find(variable, variable("REQUEST_METHOD") is { Length: > 0 } ? ["http_proxy", "ALL_PROXY", "all_proxy"] : ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"]);
        _https = Find(variable, ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]);
        string none = variable("NO_PROXY") is { Length: > 0 } upper ? upper : variable("no_proxy") ?? "";
        foreach (string entry in none.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (ParseDirect(entry.ToLowerInvariant()) is { } place)
            {
                _direct.Add(place);
            }
        }
    }

    /// <summary>Those of this process's environment.</summary>
    /// <exception cref="OciException">What a variable names is no proxy.</exception>
    public static EnvironmentProxy Current => OfThisProcess.Value;

    /// <inheritdoc/>
    public ICredentials? Credentials
    {
        get => this;
        set => throw new NotSupportedException("the environment has the credentials");
    }

    /// <inheritdoc/>
    public Uri? GetProxy(Uri destination) => IsDirect(destination) ? null : (destination.Scheme == Uri.UriSchemeHttps ? _https : _http)?.Address;

    /// <inheritdoc/>
    public bool IsBypassed(Uri host) => GetProxy(host) is null;

    /// <inheritdoc/>
    public NetworkCredential? GetCredential(Uri uri, string authType) =>
        new[] { _https, _http }.FirstOrDefault(proxy => proxy is { Credential: not null } && proxy.Address.Host == uri.Host && proxy.Address.Port == uri.Port)?.Credential;

    private bool IsDirect(Uri destination)
    {
        string host = destination.IdnHost.Trim('[', ']').ToLowerInvariant();
        if (host == "localhost" || (IPAddress.TryParse(host, out IPAddress? address) && IPAddress.IsLoopback(address)))
        {
            return true;
        }

        _ = IPAddress.TryParse(host, out address);
        return _direct.Exists(place => place.Matches(host, destination.Port, address));
    }

    private static Proxy? Find(Func<string, string?> variable, string[] names)
    {
        foreach (string name in names)
        {
            if (variable(name) is not { Length: > 0 } value)
            {
                continue;
            }

            string address = value.Contains("://", StringComparison.Ordinal) ? value.Replace("socks5h://", "socks5://", StringComparison.Ordinal) : "http://" + value;
            return Uri.TryCreate(address, UriKind.Absolute, out Uri? proxy) && proxy.Host.Length > 0 && proxy.Scheme is "http" or "https" or "socks5" or "socks4" or "socks4a"
                ? new Proxy(new UriBuilder(proxy) { UserName = "", Password = "" }.Uri, CredentialOf(proxy))
                : throw new OciException($"{name} is '{Mask(value)}', which is no proxy such as http://HOST:PORT, https://HOST:PORT or socks5://HOST:PORT");
        }

        return null;
    }

    private static NetworkCredential? CredentialOf(Uri proxy)
    {
        if (proxy.UserInfo.Length == 0)
        {
            return null;
        }

        string[] parts = proxy.UserInfo.Split(':', 2);
        return new NetworkCredential(Uri.UnescapeDataString(parts[0]), parts.Length > 1 ? Uri.UnescapeDataString(parts[1]) : "");
    }

    // A password is not for messages.
    private static string Mask(string value)
    {
        int at = value.LastIndexOf('@');
        int slashes = value.IndexOf("://", StringComparison.Ordinal);
        return at < 0 ? value : $"{(slashes < 0 ? "" : value[..(slashes + 3)])}…{value[at..]}";
    }

    private static DirectPlace? ParseDirect(string entry)
    {
        if (entry == "*")
        {
            return new DirectPlace(null, null, "", 0, IncludesHost: true);
        }

        if (TryParseNetwork(entry) is { } network)
        {
            return new DirectPlace(network, null, null, 0, IncludesHost: false);
        }

        (string host, int port) = SplitPort(entry);
        if (IPAddress.TryParse(host.Trim('[', ']'), out IPAddress? address))
        {
            return new DirectPlace(null, address, null, port, IncludesHost: false);
        }

        string domain = host.StartsWith("*.", StringComparison.Ordinal) ? host[1..] : host;
        return domain.Length == 0 ? null : new DirectPlace(null, null, domain.StartsWith('.') ? domain : "." + domain, port, IncludesHost: !domain.StartsWith('.'));
    }

    // "10.1.2.3/8" is the network 10.0.0.0/8.
    private static IPNetwork? TryParseNetwork(string entry)
    {
        int slash = entry.IndexOf('/');
        if (slash < 0 || !IPAddress.TryParse(entry.AsSpan(0, slash), out IPAddress? address) || !byte.TryParse(entry.AsSpan(slash + 1), out byte length))
        {
            return null;
        }

        byte[] bytes = address.GetAddressBytes();
        if (length > bytes.Length * 8)
        {
            return null;
        }

        for (int i = 0; i < bytes.Length; i++)
        {
            int kept = Math.Clamp(length - (i * 8), 0, 8);
            bytes[i] &= (byte)(0xFF00 >> kept);
        }

        return new IPNetwork(new IPAddress(bytes), length);
    }

    // An IPv6 address has colons of its own: it has a port only after brackets.
    private static (string Host, int Port) SplitPort(string entry)
    {
        int colon = entry.LastIndexOf(':');
        bool hasPort = colon >= 0 && (entry.IndexOf(':') == colon || entry[Math.Max(0, colon - 1)] == ']');
        return hasPort && ushort.TryParse(entry.AsSpan(colon + 1), out ushort port) ? (entry[..colon], port) : (entry, 0);
    }

    /// <summary>A proxy. Its address, which errors name, has no password in it.</summary>
    private sealed record Proxy(Uri Address, NetworkCredential? Credential);

    /// <summary>What is reached without a proxy: a network, an address, or a domain with the dot before it; the empty domain is all.</summary>
    private sealed record DirectPlace(IPNetwork? Network, IPAddress? Address, string? Domain, int Port, bool IncludesHost)
    {
        public bool Matches(string host, int port, IPAddress? address)
        {
            if (Network is { } network)
            {
                return address is not null && network.Contains(address);
            }

            bool isMeant = Address is not null
                ? Address.Equals(address)
                : host.EndsWith(Domain!, StringComparison.Ordinal) || (IncludesHost && Domain!.Length > 0 && host.AsSpan().SequenceEqual(Domain.AsSpan(1)));
            return isMeant && (Port == 0 || Port == port);
        }
    }
}
