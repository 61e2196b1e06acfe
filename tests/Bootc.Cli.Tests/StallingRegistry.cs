// A registry that serves the images of a layout, and one blob of them only in part.
using System.Net;
using System.Net.Sockets;

namespace Bootc.Cli.Tests;

/// <summary>As much of the distribution specification as a pull needs, on a port of loopback.</summary>
internal sealed class StallingRegistry : IDisposable
{
    private const string Manifest = "application/vnd.oci.image.manifest.v1+json";
    private readonly HttpListener _listener = new();
    private readonly CancellationTokenSource _end = new();
    private readonly string _layout;
    private readonly int _port;

    public StallingRegistry(string layout)
    {
        _layout = layout;
        using (var probe = new TcpListener(IPAddress.Loopback, 0))
        {
            probe.Start();
            _port = ((IPEndPoint)probe.LocalEndpoint).Port;
        }

        _listener.Prefixes.Add($"http://127.0.0.1:{_port}/");
        _listener.Start();
        _ = ServeAsync();
    }

    /// <summary>The image, as users name it.</summary>
    public string Image => $"127.0.0.1:{_port}/test/os:latest";

    /// <summary>The digest of the blob that does not come to its end.</summary>
    public string? Stalled { get; set; }

    /// <summary>Set once the client waits for the rest of that blob.</summary>
    public ManualResetEventSlim IsStalled { get; } = new();

    public void Dispose()
    {
        _end.Cancel();
        _listener.Close();
        IsStalled.Dispose();
    }

    private async Task ServeAsync()
    {
        while (!_end.IsCancellationRequested)
        {
            try
            {
                HttpListenerContext context = await _listener.GetContextAsync();
                _ = AnswerAsync(context.Request.Url!.AbsolutePath, context.Response);
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private async Task AnswerAsync(string path, HttpListenerResponse response)
    {
        try
        {
            string name = path.Split('/')[^1];
            string digest = name == "latest" ? FindLatest() : name;
            if (!digest.StartsWith("sha256:", StringComparison.Ordinal))
            {
                response.StatusCode = path.Contains("/manifests/", StringComparison.Ordinal) ? 404 : 200;
                response.Close();
                return;
            }

            byte[] content = await File.ReadAllBytesAsync(Path.Combine(_layout, "blobs", digest.Replace(':', '/')), _end.Token);
            response.ContentType = path.Contains("/manifests/", StringComparison.Ordinal) ? Manifest : "application/octet-stream";
            response.Headers["Docker-Content-Digest"] = digest;
            response.ContentLength64 = content.Length;
            if (digest == Stalled)
            {
                await response.OutputStream.WriteAsync(content.AsMemory(0, content.Length / 2), _end.Token);
                await response.OutputStream.FlushAsync(_end.Token);
                IsStalled.Set();
                await Task.Delay(Timeout.Infinite, _end.Token);
            }

            await response.OutputStream.WriteAsync(content, _end.Token);
            response.Close();
        }
        catch (Exception e) when (e is OperationCanceledException or HttpListenerException or IOException or ObjectDisposedException)
        {
            response.Abort();
        }
    }

    private string FindLatest() => (string)System.Text.Json.Nodes.JsonNode.Parse(File.ReadAllText(Path.Combine(_layout, "index.json")))!["manifests"]![0]!["digest"]!;
}
