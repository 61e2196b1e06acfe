// Hosts that want to reboot, all at once.
using System.Collections.Concurrent;
using System.Diagnostics;
using Bootc.Updates.FleetLock;

namespace Bootc.Fleet.Bench;

/// <summary>Many hosts, and the lock managers that they ask.</summary>
internal sealed class SimulatedFleet : IAsyncDisposable
{
    private const int Workers = 64; // hosts that do something at a time
    private const double Mortality = 0.005;
    private static readonly TimeSpan Reboot = TimeSpan.FromMilliseconds(20);
    private readonly List<Process> _servers = [];
    private readonly List<FleetLockClient> _clients = [];
    private readonly ConcurrentBag<TimeSpan> _latencies = [];
    private readonly ConcurrentQueue<FleetLockIdentity> _dead = new();
    private readonly Random _random = new(1);
    private int _holders;
    private int _mostHolders;
    private int _refused;
    private int _upgraded;
    private int _died;
    private int _changes;

    public SimulatedFleet(string bootc, Uri etcd, string work, int servers, int slots)
    {
        string token = Path.Combine(work, "token");
        File.WriteAllText(token, "administrator\n");
        for (int i = 0; i < servers; i++)
        {
            Process server = Process.Start(new ProcessStartInfo(
                bootc, ["fleet-lock", "serve", "--listen", "127.0.0.1:0", "--etcd", etcd.AbsoluteUri, "--group", $"default={slots}", "--admin-token-file", token])
            { RedirectStandardError = true })!;
            string said = server.StandardError.ReadLine() ?? throw new InvalidOperationException("a lock manager does not start");
            _ = server.StandardError.ReadToEndAsync();
            _servers.Add(server);
            _clients.Add(new FleetLockClient(said.Split(' ')[2].TrimEnd(';')));
        }
    }

    public async Task<FleetResult> RunAsync(int hosts)
    {
        var waiting = new ConcurrentQueue<FleetLockIdentity>(Enumerable.Range(0, hosts).Select(_ => new FleetLockIdentity(Guid.NewGuid().ToString("N"), FleetLockIdentity.DefaultGroup)));
        var watch = Stopwatch.StartNew();
        using var end = new CancellationTokenSource();
        Task administrator = LetDeadGoAsync(end.Token);
        Task[] workers = [.. Enumerable.Range(0, Workers).Select(_ => Task.Run(async () =>
        {
            while (Volatile.Read(ref _upgraded) + Volatile.Read(ref _died) < hosts)
            {
                if (waiting.TryDequeue(out FleetLockIdentity? host))
                {
                    if (!await UpgradeAsync(host))
                    {
                        waiting.Enqueue(host); // it asks again later
                    }
                }
                else
                {
                    await Task.Delay(1);
                }
            }
        }))];
        while (Volatile.Read(ref _upgraded) < hosts / 3)
        {
            await Task.Delay(5);
        }

        _servers[0].Kill();
        await Task.WhenAll(workers);
        double seconds = watch.Elapsed.TotalSeconds;
        await end.CancelAsync();
        await administrator;
        TimeSpan[] latencies = [.. _latencies.Order()];
        return new FleetResult(_upgraded, _died, _mostHolders, _refused, _changes / seconds, latencies[latencies.Length / 2], latencies[(int)(latencies.Length * 0.99)]);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (Process server in _servers)
        {
            server.Kill();
            await server.WaitForExitAsync();
            server.Dispose();
        }

        _clients.ForEach(client => client.Dispose());
    }

    private async Task<bool> UpgradeAsync(FleetLockIdentity host)
    {
        try
        {
            await AskAsync(client => client.PreRebootAsync(host));
        }
        catch (LockRejectedException)
        {
            Interlocked.Increment(ref _refused);
            return false;
        }

        Count(Interlocked.Increment(ref _holders));
        bool dies;
        lock (_random)
        {
            dies = _random.NextDouble() < Mortality;
        }

        if (dies)
        {
            Interlocked.Increment(ref _died);
            _dead.Enqueue(host);
            return true;
        }

        await Task.Delay(Reboot);
        Interlocked.Decrement(ref _holders); // from the moment on at which the lock manager may give it to another
        await AskAsync(client => client.SteadyStateAsync(host));
        Interlocked.Increment(ref _upgraded);
        return true;
    }

    // Which lock manager does not matter; one that is gone is not asked again soon enough to matter.
    private async Task AskAsync(Func<FleetLockClient, Task> request)
    {
        for (int attempt = 0; ; attempt++)
        {
            int chosen;
            lock (_random)
            {
                chosen = _random.Next(_clients.Count);
            }

            long begin = Stopwatch.GetTimestamp();
            try
            {
                await request(_clients[chosen]);
                Interlocked.Increment(ref _changes);
                _latencies.Add(Stopwatch.GetElapsedTime(begin));
                return;
            }
            catch (LockRejectedException e) when (e.Status == 409)
            {
                _latencies.Add(Stopwatch.GetElapsedTime(begin));
                throw;
            }
            catch (Exception e) when ((e is HttpRequestException or TimeoutException or LockRejectedException) && attempt < 1000)
            {
                await Task.Delay(5);
            }
        }
    }

    // Somebody looks after hosts that do not come back.
    private async Task LetDeadGoAsync(CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            while (_dead.TryDequeue(out FleetLockIdentity? host))
            {
                Interlocked.Decrement(ref _holders);
                await AskAsync(client => client.ForceUnlockAsync(host, "administrator"));
            }

            await Task.Delay(100, CancellationToken.None);
        }
    }

    private void Count(int holders)
    {
        int most;
        while (holders > (most = Volatile.Read(ref _mostHolders)) && Interlocked.CompareExchange(ref _mostHolders, holders, most) != most)
        {
            // Another host was faster.
        }
    }
}
