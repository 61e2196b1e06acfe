// A registry that keeps in memory what is pushed to it, and misbehaves as a test wants.
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace Bootc.Oci.Tests;

internal sealed class ReceivingRegistry : IDisposable
{
    private readonly HttpListener _listener = new();
    private readonly Func<ReceivingRegistry, HttpListenerContext, Task<bool>>? _misbehave;
    private readonly ConcurrentDictionary<string, MemoryStream> _uploads = new();
    private int _uploadCount;

    /// <param name="misbehave">Answers in the registry's place and returns true, or returns false.</param>
    public ReceivingRegistry(Func<ReceivingRegistry, HttpListenerContext, Task<bool>>? misbehave = null)
    {
        _misbehave = misbehave;
        using (var probe = new TcpListener(IPAddress.Loopback, 0))
        {
            probe.Start();
            Address = probe.LocalEndpoint.ToString()!;
        }

        _listener.Prefixes.Add($"http://{Address}/");
        _listener.Start();
        _ = AcceptAsync();
    }

    public string Address { get; }

    public ConcurrentDictionary<string, byte[]> Blobs { get; } = new();

    public ConcurrentDictionary<string, (string Type, byte[] Bytes)> Manifests { get; } = new();

    /// <summary>Method, path with query, and the header Content-Range of all requests, oldest first.</summary>
    public ConcurrentQueue<string> Requests { get; } = new();

    /// <summary>Takes so many bytes of a PATCH into its upload, or forgets that, and breaks the connection.</summary>
    public async Task BreakAfterAsync(HttpListenerContext context, int count, bool forgets = false)
    {
        byte[] piece = new byte[count];
        await context.Request.InputStream.ReadExactlyAsync(piece);
        _uploads[IdOf(context)].Write(piece);
        if (forgets)
        {
            _uploads.TryRemove(IdOf(context), out _);
        }

        context.Response.Abort();
    }

    public static async Task<bool> AnswerAsync(HttpListenerContext context, int status, params (string Name, string Value)[] headers)
    {
        await context.Request.InputStream.CopyToAsync(Stream.Null);
        context.Response.StatusCode = status;
        foreach ((string name, string value) in headers)
        {
            context.Response.Headers[name] = value;
        }

        context.Response.Close();
        return true;
    }

    public async Task PutAsync(HttpListenerContext context)
    {
        HttpListenerRequest request = context.Request;
        var body = new MemoryStream();
        await request.InputStream.CopyToAsync(body);
        string path = request.Url!.AbsolutePath;
        if (path.Contains("/manifests/"))
        {
            string digest = ScriptedRegistry.DigestOf(body.ToArray());
            Manifests[path[(path.LastIndexOf('/') + 1)..]] = (request.ContentType ?? "", body.ToArray());
            await AnswerAsync(context, 201, ("Docker-Content-Digest", digest), ("Location", path));
            return;
        }

        if (!_uploads.TryRemove(IdOf(context), out MemoryStream? upload))
        {
            await AnswerAsync(context, 404);
            return;
        }

        body.WriteTo(upload);
        string named = request.QueryString["digest"]!, actual = "sha256:" + Convert.ToHexStringLower(SHA256.HashData(upload.ToArray()));
        if (named == actual)
        {
            Blobs[actual] = upload.ToArray();
        }

        await AnswerAsync(context, named == actual ? 201 : 400);
    }

    public void Dispose() => _listener.Abort();

    private async Task AcceptAsync()
    {
        while (_listener.IsListening)
        {
            try
            {
                _ = ServeAsync(await _listener.GetContextAsync());
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private async Task ServeAsync(HttpListenerContext context)
    {
        try
        {
            HttpListenerRequest request = context.Request;
            Requests.Enqueue($"{request.HttpMethod} {request.RawUrl} {request.Headers["Content-Range"]}".TrimEnd());
            if (_misbehave is null || !await _misbehave(this, context))
            {
                await AnswerAsync(context);
            }
        }
        catch (Exception e) when (e is HttpListenerException or IOException or ObjectDisposedException)
        {
            // The client went away, or the test is over.
        }
    }

    private async Task AnswerAsync(HttpListenerContext context)
    {
        HttpListenerRequest request = context.Request;
        string path = request.Url!.AbsolutePath;
        switch (request.HttpMethod)
        {
            case "HEAD" when path.Contains("/blobs/"):
                await AnswerAsync(context, Blobs.ContainsKey(path[(path.LastIndexOf('/') + 1)..]) ? 200 : 404);
                break;
            case "POST":
                string id = $"{Interlocked.Increment(ref _uploadCount)}";
                _uploads[id] = new MemoryStream();
                await AnswerAsync(context, 202, ("Location", $"{path}{id}?state=x"));
                break;
            case "PATCH" when _uploads.TryGetValue(IdOf(context), out MemoryStream? upload):
                await request.InputStream.CopyToAsync(upload);
                await AnswerAsync(context, 202, ("Location", $"{path}?state=y"), ("Range", $"0-{upload.Length - 1}"));
                break;
            case "GET" when path.Contains("/uploads/") && _uploads.TryGetValue(IdOf(context), out MemoryStream? asked):
                await AnswerAsync(context, 204, ("Location", $"{path}?state=z"), ("Range", $"0-{Math.Max(0, asked.Length - 1)}"));
                break;
            case "PUT":
                await PutAsync(context);
                break;
            default:
                await AnswerAsync(context, 404);
                break;
        }
    }

    private static string IdOf(HttpListenerContext context)
    {
        string path = context.Request.Url!.AbsolutePath;
        return path[(path.LastIndexOf('/') + 1)..];
    }
}
