// A real etcd on loopback for one test.
using System.Diagnostics;
using System.Text;
using System.Text.Json;

namespace Bootc.Testing;

/// <summary>An etcd of one member with storage of its own; skips the test where it is not installed.</summary>
public sealed class RealEtcd : IDisposable
{
    private readonly TestDirectory _directory;
    private readonly string _peer;
    private Process? _process;

    public RealEtcd(TestDirectory directory)
    {
        Peer.Require("etcd");
        _directory = directory;
        Url = new Uri($"http://127.0.0.1:{Loopback.FreePort()}");
        _peer = $"http://127.0.0.1:{Loopback.FreePort()}";
        Start();
    }

    /// <summary>Its client URL.</summary>
    public Uri Url { get; }

    public void Start()
    {
        string client = Url.AbsoluteUri.TrimEnd('/');
        string[] arguments =
        [
            "--name", "test", "--data-dir", _directory["etcd"], "--unsafe-no-fsync", "--log-level", "error", "--logger", "zap",
            "--listen-client-urls", client, "--advertise-client-urls", client,
            "--listen-peer-urls", _peer, "--initial-advertise-peer-urls", _peer, "--initial-cluster", $"test={_peer}",
        ];
        _process = Process.Start(new ProcessStartInfo("etcd", arguments) { RedirectStandardError = true, RedirectStandardOutput = true })!;
        _process.ErrorDataReceived += (_, _) => { };
        _process.OutputDataReceived += (_, _) => { };
        _process.BeginErrorReadLine();
        _process.BeginOutputReadLine();
        for (int i = 0; i < 200; i++)
        {
            try
            {
                Get("none");
                return;
            }
            catch (Exception) when (!_process.HasExited && i < 199)
            {
                Thread.Sleep(50);
            }
        }

        throw new InvalidOperationException("etcd does not answer");
    }

    public void Kill()
    {
        _process?.Kill();
        _process?.WaitForExit();
        _process?.Dispose();
        _process = null;
    }

    /// <summary>A key's value, as etcd tells it to anyone.</summary>
    public string? Get(string key)
    {
        using JsonDocument answer = JsonDocument.Parse(Post("v3/kv/range", $$"""{"key":"{{Base64(key)}}"}"""));
        return answer.RootElement.TryGetProperty("kvs", out JsonElement found) ? Encoding.UTF8.GetString(found[0].GetProperty("value").GetBytesFromBase64()) : null;
    }

    /// <summary>Sets a key.</summary>
    public void Put(string key, string value) => Post("v3/kv/put", $$"""{"key":"{{Base64(key)}}","value":"{{Base64(value)}}"}""");

    public void Dispose() => Kill();

    private string Post(string path, string body)
    {
        using var client = new HttpClient { Timeout = TimeSpan.FromSeconds(5) };
        using HttpResponseMessage response = client.PostAsync(new Uri(Url, path), new StringContent(body)).GetAwaiter().GetResult();
        return response.EnsureSuccessStatusCode().Content.ReadAsStringAsync().GetAwaiter().GetResult();
    }

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
}
