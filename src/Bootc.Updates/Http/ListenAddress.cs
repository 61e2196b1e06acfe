// Where a server listens.
using System.Globalization;
using System.Net;

namespace Bootc.Updates.Http;

/// <summary>An address to listen on: an IP address and port, or a Unix socket.</summary>
/// <param name="EndPoint">The IP address and port; port 0 for one that is free.</param>
/// <param name="UnixSocket">The path of a Unix socket.</param>
public sealed record ListenAddress(IPEndPoint? EndPoint, string? UnixSocket)
{
    /// <summary>Reads an address: <c>IP:PORT</c>, <c>[IPV6]:PORT</c>, <c>localhost:PORT</c>, <c>:PORT</c> for all addresses, <c>unix:PATH</c>.</summary>
    /// <exception cref="UpdatesException">It is none of these.</exception>
    public static ListenAddress Parse(string text)
    {
        if (text.StartsWith("unix:/", StringComparison.Ordinal))
        {
            return new ListenAddress(null, text["unix:".Length..]);
        }

        int colon = text.LastIndexOf(':');
        if (colon >= 0 && ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out ushort port) && ParseHost(text[..colon]) is { } address)
        {
            return new ListenAddress(new IPEndPoint(address, port), null);
        }

        throw new UpdatesException($"'{text}' is no address to listen on: IP:PORT, [IPV6]:PORT, localhost:PORT, :PORT or unix:/PATH is wanted");
    }

    private static IPAddress? ParseHost(string host) => host switch
    {
        "" => IPAddress.IPv6Any,
        "localhost" => IPAddress.Loopback,
        ['[', .. var inner, ']'] => IPAddress.TryParse(inner, out IPAddress? address) ? address : null,
        _ => host.Contains(':', StringComparison.Ordinal) ? null : IPAddress.TryParse(host, out IPAddress? address) ? address : null,
    };
}
