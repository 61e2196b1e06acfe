// An HTTP proxy for one test.
using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Bootc.Testing;

/// <summary>A proxy that passes on plain requests and tunnels, wherever they want to go, to one server: names need not exist.</summary>
public sealed class ForwardProxy : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly IPEndPoint _target;
    private readonly string? _credentials;

    /// <param name="target">The server: host and port.</param>
    /// <param name="credentials">What clients have to show: <c>user:password</c>.</param>
    public ForwardProxy(string target, string? credentials = null)
    {
        _target = IPEndPoint.Parse(target);
        _credentials = credentials is null ? null : "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes(credentials));
        _listener.Start();
        _ = AcceptAsync();
    }

    /// <summary>Host and port.</summary>
    public string Address => _listener.LocalEndpoint.ToString()!;

    /// <summary>The first lines of all requests that were passed on.</summary>
    public ConcurrentQueue<string> Requests { get; } = new();

    /// <summary>How many requests were refused for want of credentials.</summary>
    public int Refused { get; private set; }

    public void Dispose()
    {
        _stop.Cancel();
        _listener.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                _ = ServeAsync(await _listener.AcceptTcpClientAsync(_stop.Token));
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                NetworkStream stream = client.GetStream();
                while (await ReadHeadAsync(stream) is { Length: > 0 } head)
                {
                    string[] lines = head.Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
                    if (_credentials is not null && !lines.Contains($"Proxy-Authorization: {_credentials}"))
                    {
                        Refused++;
                        await SkipContentAsync(stream, lines);
                        await stream.WriteAsync("HTTP/1.1 407 Who are you\r\nProxy-Authenticate: Basic realm=\"proxy\"\r\nContent-Length: 0\r\n\r\n"u8.ToArray(), _stop.Token);
                        continue;
                    }

                    Requests.Enqueue(lines[0]);
                    await PassAsync(stream, lines);
                    return;
                }
            }
            catch (Exception e) when (e is IOException or SocketException or OperationCanceledException)
            {
                // One side went away.
            }
        }
    }

    // It comes with the request, or not at all where the client waits to be told to go on.
    private async Task SkipContentAsync(NetworkStream stream, string[] lines)
    {
        const string Length = "Content-Length: ";
        if (!lines.Contains("Expect: 100-continue") && lines.FirstOrDefault(line => line.StartsWith(Length, StringComparison.Ordinal)) is { } length)
        {
            await stream.ReadExactlyAsync(new byte[int.Parse(length[Length.Length..], CultureInfo.InvariantCulture)], _stop.Token);
        }
    }

    private async Task PassAsync(NetworkStream client, string[] lines)
    {
        using var server = new TcpClient();
        await server.ConnectAsync(_target, _stop.Token);
        NetworkStream upstream = server.GetStream();
        string[] request = lines[0].Split(' ');
        if (request[0] == "CONNECT")
        {
            await client.WriteAsync("HTTP/1.1 200 Go on\r\n\r\n"u8.ToArray(), _stop.Token);
        }
        else
        {
            // One request a connection: the next one may be for another place.
            IEnumerable<string> head = lines.Skip(1).Where(line => !line.StartsWith("Proxy-", StringComparison.OrdinalIgnoreCase) && !line.StartsWith("Connection:", StringComparison.OrdinalIgnoreCase));
            string text = string.Join("\r\n", [$"{request[0]} {new Uri(request[1]).PathAndQuery} HTTP/1.1", .. head, "Connection: close", "", ""]);
            await upstream.WriteAsync(Encoding.ASCII.GetBytes(text), _stop.Token);
        }

        Task up = client.CopyToAsync(upstream, _stop.Token);
        await upstream.CopyToAsync(client, _stop.Token);
        client.Close();
        await up;
    }

    private async Task<string> ReadHeadAsync(NetworkStream stream)
    {
        var head = new StringBuilder();
        byte[] one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal) && await stream.ReadAsync(one, _stop.Token) > 0)
        {
            head.Append((char)one[0]);
        }

        return head.ToString();
    }
}
