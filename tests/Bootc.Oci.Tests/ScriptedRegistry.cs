// A registry that holds one image and misbehaves as a test wants.
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Bootc.Oci.Model;
using Bootc.Testing;

namespace Bootc.Oci.Tests;

internal sealed class ScriptedRegistry : IDisposable
{
    public const string Repository = "os/image";

    private readonly ScriptedServer _server;

    /// <param name="misbehave">Gives an answer in place of the right one, or <see langword="null"/>; told how often the path was asked for before.</param>
    /// <param name="address">Where it listens; on loopback by default.</param>
    public ScriptedRegistry(Func<ScriptedRequest, int, ScriptedAnswer?>? misbehave = null, IPAddress? address = null)
    {
        string manifest = $$"""
            {"schemaVersion":2,"mediaType":"{{MediaTypes.OciManifest}}",
             "config":{"mediaType":"{{MediaTypes.OciConfig}}","digest":"{{DigestOf(Config)}}","size":{{Config.Length}}},
             "layers":[{"mediaType":"{{MediaTypes.OciLayerGzip}}","digest":"{{DigestOf(Layer)}}","size":{{Layer.Length}}}]}
            """;
        Manifest = Encoding.UTF8.GetBytes(manifest);
        _server = new ScriptedServer(request =>
            misbehave?.Invoke(request, _server!.Requests.Count(other => other.Path == request.Path) - 1) ?? Answer(request), address);
    }

    public byte[] Config { get; } = "{\"architecture\":\"amd64\",\"os\":\"linux\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[]}}"u8.ToArray();

    public byte[] Manifest { get; }

    public static byte[] Layer { get; } = MakeLayer();

    public static Descriptor LayerDescriptor { get; } = new() { Digest = Digest.Parse(DigestOf(Layer)), Size = Layer.Length };

    public IEnumerable<ScriptedRequest> Requests => _server.Requests;

    public string Address => _server.Address;

    public static string DigestOf(byte[] content) => "sha256:" + Convert.ToHexStringLower(SHA256.HashData(content));

    /// <summary>A source for the image that is impatient, as suits tests.</summary>
    public IImageSource Open(string suffix = ":latest", Func<OciOptions, OciOptions>? configure = null)
    {
        var options = new OciOptions
        {
            Root = "/nonexistent",
            AuthFile = "/nonexistent/auth.json",
            RegistriesConf = "/nonexistent/registries.conf",
            Attempts = 3,
            FirstDelay = TimeSpan.FromMilliseconds(1),
            StallTimeout = TimeSpan.FromMilliseconds(400),
        };
        return ImageSources.Open(new ImageReference(Transport.Registry, $"{Address}/{Repository}{suffix}"), configure?.Invoke(options) ?? options);
    }

    public ScriptedAnswer Answer(ScriptedRequest request)
    {
        string path = request.Path.Split('?')[0];
        if (path.StartsWith($"/v2/{Repository}/manifests/", StringComparison.Ordinal))
        {
            return new ScriptedAnswer(200, Manifest).With("Content-Type", MediaTypes.OciManifest);
        }

        byte[]? blob = new[] { Config, Layer }.FirstOrDefault(blob => path == $"/v2/{Repository}/blobs/{DigestOf(blob)}");
        return blob is null ? new ScriptedAnswer(404, """{"errors":[{"code":"BLOB_UNKNOWN","message":"blob unknown"}]}""") : AnswerBlob(request, blob);
    }

    public static ScriptedAnswer AnswerBlob(ScriptedRequest request, byte[] blob)
    {
        if (request.Header("range") is not { } range)
        {
            return new ScriptedAnswer(200, blob);
        }

        string[] ends = range["bytes=".Length..].Split('-');
        int from = int.Parse(ends[0]);
        int to = ends[1].Length > 0 ? int.Parse(ends[1]) : blob.Length - 1;
        return new ScriptedAnswer(206, blob[from..(to + 1)]).With("Content-Range", $"bytes {from}-{to}/{blob.Length}");
    }

    public void Dispose() => _server.Dispose();

    private static byte[] MakeLayer()
    {
        byte[] layer = new byte[300_000];
        new Random(5).NextBytes(layer);
        return layer;
    }
}
