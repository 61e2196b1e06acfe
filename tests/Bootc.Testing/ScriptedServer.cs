// An HTTP server that answers as a test tells it, broken answers included.
using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Bootc.Testing;

/// <summary>A server whose answers a function gives. One request a connection, so that each can be broken on its own.</summary>
public sealed class ScriptedServer : IDisposable
{
    private readonly TcpListener _listener;
    private readonly CancellationTokenSource _stop = new();
    private readonly Func<ScriptedRequest, ScriptedAnswer> _answer;
    private readonly X509Certificate2? _certificate;

    /// <summary>Starts to listen.</summary>
    /// <param name="answer">What it answers.</param>
    /// <param name="address">Where it listens, if not at the loopback address.</param>
    /// <param name="certificate">What it shows, with its private key: it speaks TLS then.</param>
    public ScriptedServer(Func<ScriptedRequest, ScriptedAnswer> answer, IPAddress? address = null, X509Certificate2? certificate = null)
    {
        _answer = answer;
        _certificate = certificate;
        _listener = new TcpListener(address ?? IPAddress.Loopback, 0);
        _listener.Start();
        _ = AcceptAsync();
    }

    /// <summary>Host and port.</summary>
    public string Address => ((IPEndPoint)_listener.LocalEndpoint).ToString();

    /// <summary>All requests so far, oldest first.</summary>
    public ConcurrentQueue<ScriptedRequest> Requests { get; } = new();

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
                TcpClient client = await _listener.AcceptTcpClientAsync(_stop.Token);
                _ = ServeAsync(client);
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
                await using Stream stream = await OpenAsync(client);
                if (await ReadRequestAsync(stream) is not { } request)
                {
                    return;
                }

                Requests.Enqueue(request);
                await WriteAsync(stream, _answer(request), client);
            }
            catch (Exception e) when (e is IOException or SocketException or OperationCanceledException or AuthenticationException)
            {
                // The client went away, does not trust us, or the test is over.
            }
        }
    }

    private async Task<Stream> OpenAsync(TcpClient client)
    {
        if (_certificate is null)
        {
            return client.GetStream();
        }

        var stream = new SslStream(client.GetStream());
        await stream.AuthenticateAsServerAsync(_certificate);
        return stream;
    }

    private async Task<ScriptedRequest?> ReadRequestAsync(Stream stream)
    {
        var head = new StringBuilder();
        byte[] one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            // What begins like a TLS handshake is no request: the client tries whether we speak TLS.
            if (await stream.ReadAsync(one, _stop.Token) == 0 || (head.Length == 0 && one[0] == 0x16))
            {
                return null;
            }

            head.Append((char)one[0]);
        }

        string[] lines = head.ToString().Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        string[] request = lines[0].Split(' ');
        Dictionary<string, string> headers = lines.Skip(1).Select(line => line.Split(": ", 2))
            .GroupBy(parts => parts[0].ToLowerInvariant(), parts => parts[1]).ToDictionary(header => header.Key, header => string.Join(", ", header));
        byte[] body = new byte[headers.TryGetValue("content-length", out string? length) ? int.Parse(length) : 0];
        await stream.ReadExactlyAsync(body, _stop.Token);
        return new ScriptedRequest(request[0], request[1], headers, Encoding.UTF8.GetString(body));
    }

    private async Task WriteAsync(Stream stream, ScriptedAnswer answer, TcpClient client)
    {
        var head = new StringBuilder($"HTTP/1.1 {answer.Status} Scripted\r\nConnection: close\r\n");
        if (!answer.Headers.ContainsKey("Content-Length"))
        {
            head.Append($"Content-Length: {answer.Body.Length}\r\n");
        }

        foreach ((string name, string value) in answer.Headers)
        {
            head.Append($"{name}: {value}\r\n");
        }

        await stream.WriteAsync(Encoding.ASCII.GetBytes(head + "\r\n"), _stop.Token);
        ReadOnlyMemory<byte> body = answer.Body.AsMemory(0, Math.Min(answer.Body.Length, answer.BreakAfter ?? int.MaxValue));
        for (; answer.DripsBytes is { } drop && drop < body.Length; body = body[drop..])
        {
            await stream.WriteAsync(body[..drop], _stop.Token);
            await Task.Delay(100, _stop.Token);
        }

        await stream.WriteAsync(body, _stop.Token);
        if (answer.Stalls)
        {
            await Task.Delay(Timeout.Infinite, _stop.Token);
        }

        if (answer.BreakAfter is not null)
        {
            await stream.FlushAsync(_stop.Token);
            client.Client.LingerState = new LingerOption(true, 0); // a reset, as broken links give
            if (answer.BreaksCleanly)
            {
                client.Client.LingerState = new LingerOption(false, 0);
            }
        }
    }
}
