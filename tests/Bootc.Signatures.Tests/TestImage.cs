// An image in a directory, to which signatures are added one by one.
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace Bootc.Signatures.Tests;

/// <summary>An image as <c>dir:</c> has it, small but whole.</summary>
internal sealed class TestImage
{
    public const string Reference = "example.com/os/image:1";
    private readonly string _path;
    private int _signatures;

    public TestImage(string path)
    {
        _path = Directory.CreateDirectory(path).FullName;
        byte[] tar = new byte[1024]; // an empty one
        byte[] layer = Compress(tar);
        byte[] config = Encoding.UTF8.GetBytes($$"""{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":["{{DigestOf(tar)}}"] } }""");
        Manifest = Encoding.UTF8.GetBytes($$"""
            {"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",
            "config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{{DigestOf(config)}}","size":{{config.Length}}},
            "layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","digest":"{{DigestOf(layer)}}","size":{{layer.Length}}}]}
            """);
        File.WriteAllBytes(Path.Combine(path, "version"), "Directory Transport Version: 1.1\n"u8);
        File.WriteAllBytes(Path.Combine(path, "manifest.json"), Manifest);
        foreach (byte[] blob in (byte[][])[layer, config])
        {
            File.WriteAllBytes(Path.Combine(path, DigestOf(blob)[7..]), blob);
        }
    }

    public byte[] Manifest { get; }

    public string Digest => DigestOf(Manifest);

    /// <summary>The image as users name it.</summary>
    public string Name => $"dir:{_path}";

    /// <summary>What cosign signs of the image.</summary>
    public byte[] Payload(string reference = Reference, string? digest = null, string type = "cosign container image signature", string extra = "", string optional = "null") => Encoding.UTF8.GetBytes(
        $$"""{"critical":{"identity":{"docker-reference":"{{reference}}"},"image":{"docker-manifest-digest":"{{digest ?? Digest}}"},"type":"{{type}}"{{extra}}},"optional":{{optional}}}""");

    /// <summary>Adds a signature as cosign attaches it.</summary>
    public TestImage Attach(byte[] payload, string signature, params (string Name, string Value)[] annotations)
    {
        var all = new JsonObject { ["dev.cosignproject.cosign/signature"] = signature };
        foreach ((string name, string value) in annotations)
        {
            all[name] = value;
        }

        var file = new JsonObject { ["mimeType"] = "application/vnd.dev.cosign.simplesigning.v1+json", ["payload"] = Convert.ToBase64String(payload), ["annotations"] = all };
        return Add([0, .. "sigstore-json\n"u8, .. Encoding.UTF8.GetBytes(file.ToJsonString())]);
    }

    /// <summary>Signs with a key, and adds the signature.</summary>
    public TestImage SignWith(TestKey key, byte[]? payload = null) => Attach(payload ?? Payload(), Convert.ToBase64String(key.Sign(payload ?? Payload())));

    /// <summary>Adds a signature as it is.</summary>
    public TestImage Add(byte[] signature)
    {
        File.WriteAllBytes(Path.Combine(_path, $"signature-{++_signatures}"), signature);
        return this;
    }

    private static byte[] Compress(byte[] content)
    {
        using var buffer = new MemoryStream();
        using (var gzip = new GZipStream(buffer, CompressionLevel.Optimal))
        {
            gzip.Write(content);
        }

        return buffer.ToArray();
    }

    private static string DigestOf(byte[] content) => $"sha256:{Convert.ToHexStringLower(SHA256.HashData(content))}";
}
