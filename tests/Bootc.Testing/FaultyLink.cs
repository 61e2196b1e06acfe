// A link to a server that is slow and breaks, as a test wants.
using System.Net;
using System.Net.Sockets;

namespace Bootc.Testing;

/// <summary>Passes TCP connections on to a server, at a limited speed, and breaks some of them. It counts what the clients got.</summary>
public sealed class FaultyLink : IDisposable
{
    private const int BlockSize = 64 * 1024;
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly IPEndPoint _target;
    private readonly Random _random;
    private readonly Lock _gate = new();
    private long _received;
    private int _broken;
    private int _connections;
    private int _open;
    private int _mostOpen;

    /// <param name="target">The server: host and port.</param>
    /// <param name="seed">Makes the faults of one run those of the next.</param>
    public FaultyLink(string target, int seed = 1)
    {
        _target = IPEndPoint.Parse(target);
        _random = new Random(seed);
        _listener.Start();
        _ = AcceptAsync();
    }

    /// <summary>Host and port that clients connect to.</summary>
    public string Address => _listener.LocalEndpoint.ToString()!;

    /// <summary>How many bytes a second come from the server over all connections together; 0 for as many as can.</summary>
    public long BytesPerSecond { get; set; }

    /// <summary>Of how many blocks of 64 KiB one breaks the connection; 0 for none.</summary>
    public int BreakOneIn { get; set; }

    /// <summary>How many connections are broken at the most.</summary>
    public int BreakAtMost { get; set; } = int.MaxValue;

    /// <summary>All bytes that went from the server to clients.</summary>
    public long Received => Interlocked.Read(ref _received);

    /// <summary>How many connections were broken.</summary>
    public int Broken => Volatile.Read(ref _broken);

    /// <summary>How many connections there were.</summary>
    public int Connections => Volatile.Read(ref _connections);

    /// <summary>How many connections there were at once.</summary>
    public int MostOpen => Volatile.Read(ref _mostOpen);

    /// <summary>Counts from here on.</summary>
    public void Reset()
    {
        Interlocked.Exchange(ref _received, 0);
        Interlocked.Exchange(ref _broken, 0);
        lock (_gate)
        {
            _mostOpen = _open;
        }
    }

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
                _ = PassAsync(await _listener.AcceptTcpClientAsync(_stop.Token));
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private async Task PassAsync(TcpClient client)
    {
        Interlocked.Increment(ref _connections);
        lock (_gate)
        {
            _mostOpen = Math.Max(_mostOpen, ++_open);
        }

        using var server = new TcpClient();
        using (client)
        {
            try
            {
                client.NoDelay = server.NoDelay = true;
                await server.ConnectAsync(_target, _stop.Token);
                Task up = client.GetStream().CopyToAsync(server.GetStream(), _stop.Token);
                await DownAsync(server.GetStream(), client);
                client.Close();
                await up;
            }
            catch (Exception e) when (e is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
            {
                // One side went away.
            }
            finally
            {
                lock (_gate)
                {
                    _open--;
                }
            }
        }
    }

    private async Task DownAsync(NetworkStream from, TcpClient client)
    {
        byte[] block = new byte[BlockSize];
        NetworkStream to = client.GetStream();
        for (int count; (count = await from.ReadAsync(block, _stop.Token)) > 0;)
        {
            if (BytesPerSecond > 0)
            {
                await Task.Delay(TimeSpan.FromSeconds((double)count * Math.Max(1, _open) / BytesPerSecond), _stop.Token);
            }

            if (BreakOneIn > 0 && Broken < BreakAtMost && IsBroken(count))
            {
                Interlocked.Increment(ref _broken);
                client.Client.LingerState = new LingerOption(true, 0); // a reset, as broken links give
                return;
            }

            await to.WriteAsync(block.AsMemory(0, count), _stop.Token);
            Interlocked.Add(ref _received, count);
        }
    }

    private bool IsBroken(int count)
    {
        lock (_gate)
        {
            return _random.NextDouble() * BreakOneIn * BlockSize < count;
        }
    }
}
