// A real etcd of three members on loopback for one test.
using System.Diagnostics;
using System.Text.Json;

namespace Bootc.Testing;

/// <summary>Three members, of which one leads; skips the test where etcd is not installed.</summary>
public sealed class EtcdCluster : IDisposable
{
    private const int Size = 3;
    private readonly TestDirectory _directory;
    private readonly Process?[] _members = new Process?[Size];
    private readonly int[] _peers = new int[Size];

    public EtcdCluster(TestDirectory directory)
    {
        Peer.Require("etcd");
        _directory = directory;
        for (int i = 0; i < Size; i++)
        {
            Urls[i] = new Uri($"http://127.0.0.1:{Loopback.FreePort()}");
            _peers[i] = Loopback.FreePort();
        }

        for (int i = 0; i < Size; i++)
        {
            Start(i);
        }

        WaitForLeader();
    }

    /// <summary>The members' client URLs.</summary>
    public Uri[] Urls { get; } = new Uri[Size];

    /// <summary>Starts a member that was killed.</summary>
    public void Start(int member)
    {
        string client = Urls[member].AbsoluteUri.TrimEnd('/'), peer = PeerOf(member);
        string[] arguments =
        [
            "--name", $"m{member}", "--data-dir", _directory[$"etcd-{member}"], "--unsafe-no-fsync", "--log-level", "error", "--logger", "zap", "--heartbeat-interval", "50", "--election-timeout", "500",
            "--listen-client-urls", client, "--advertise-client-urls", client, "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
            "--initial-cluster", string.Join(',', Enumerable.Range(0, Size).Select(i => $"m{i}={PeerOf(i)}")),
        ];
        Process process = Process.Start(new ProcessStartInfo("etcd", arguments) { RedirectStandardError = true, RedirectStandardOutput = true })!;
        process.ErrorDataReceived += (_, _) => { };
        process.OutputDataReceived += (_, _) => { };
        process.BeginErrorReadLine();
        process.BeginOutputReadLine();
        _members[member] = process;
    }

    /// <summary>Ends a member as a power cut does.</summary>
    public void Kill(int member)
    {
        _members[member]?.Kill();
        _members[member]?.WaitForExit();
        _members[member]?.Dispose();
        _members[member] = null;
    }

    /// <summary>The member that leads, once one does.</summary>
    public int WaitForLeader()
    {
        for (int i = 0; i < 400; i++)
        {
            for (int member = 0; member < Size; member++)
            {
                if (_members[member] is not null && IsLeader(member))
                {
                    return member;
                }
            }

            Thread.Sleep(50);
        }

        throw new InvalidOperationException("no member of etcd leads");
    }

    public void Dispose()
    {
        for (int i = 0; i < Size; i++)
        {
            Kill(i);
        }
    }

    private string PeerOf(int member) => $"http://127.0.0.1:{_peers[member]}";

    private bool IsLeader(int member)
    {
        try
        {
            using var client = new HttpClient { Timeout = TimeSpan.FromSeconds(2) };
            using HttpResponseMessage response = client.PostAsync(new Uri(Urls[member], "v3/maintenance/status"), new StringContent("{}")).GetAwaiter().GetResult();
            using JsonDocument status = JsonDocument.Parse(response.Content.ReadAsStringAsync().GetAwaiter().GetResult());
            return status.RootElement.TryGetProperty("leader", out JsonElement leader) && leader.GetString() == status.RootElement.GetProperty("header").GetProperty("member_id").GetString();
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException or JsonException)
        {
            return false;
        }
    }
}
