// etcd on loopback, with files of its own, as safe as it is by default.
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Bootc.Fleet.Bench;

/// <summary>An etcd of one member.</summary>
internal sealed class EtcdProcess : IDisposable
{
    private readonly Process _process;

    public EtcdProcess(string work)
    {
        Url = new Uri($"http://127.0.0.1:{FreePort()}");
        string client = Url.AbsoluteUri.TrimEnd('/'), peer = $"http://127.0.0.1:{FreePort()}";
        _process = Process.Start(new ProcessStartInfo(
            "etcd",
            [
                "--name", "bench", "--data-dir", Path.Combine(work, "etcd"), "--log-level", "error", "--logger", "zap",
                "--listen-client-urls", client, "--advertise-client-urls", client,
                "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", $"bench={peer}",
            ]))!;
        WaitUntilReady();
    }

    /// <summary>Its client URL.</summary>
    public Uri Url { get; }

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private void WaitUntilReady()
    {
        using var client = new HttpClient { Timeout = TimeSpan.FromSeconds(2) };
        for (int i = 0; i < 100; i++)
        {
            try
            {
                if (client.GetAsync(new Uri(Url, "health")).GetAwaiter().GetResult().IsSuccessStatusCode)
                {
                    return;
                }
            }
            catch (HttpRequestException) when (!_process.HasExited)
            {
                // Not yet.
            }

            Thread.Sleep(100);
        }

        throw new InvalidOperationException("etcd does not answer");
    }
}
