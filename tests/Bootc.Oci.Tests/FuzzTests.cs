// Whatever comes from a registry or lies in a file, readers give the errors that they name, come to an end, and stay small.
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Bootc.Oci.Layers;
using Bootc.Oci.Layers.Chunked;
using Bootc.Oci.Model;
using Bootc.Oci.Registry;
using Bootc.Testing;
using ZstdSharp;

namespace Bootc.Oci.Tests;

public sealed class FuzzTests : IDisposable
{
    private const string Hex = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    private readonly TestDirectory _directory = new("fuzz");

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Manifests()
    {
        byte[] manifest = Encoding.UTF8.GetBytes($$$"""
            {"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:{{{Hex}}}","size":7},
            "layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar+zstd","digest":"sha256:{{{Hex}}}","size":99999,"annotations":{"io.github.containers.zstd-chunked.manifest-checksum":"sha256:{{{Hex}}}",
            "io.github.containers.zstd-chunked.manifest-position":"5000:100:900:1","io.github.containers.zstd-chunked.tarsplit-position":"6000:100:900"},"urls":["https://example.com/"]}],"annotations":{"a":"b"} }
            """);
        Assert.NotNull(ChunkedLayer.TryParse(ImageManifest.Parse(manifest, "it").Layers[0]));

        int refused = RunText(6000, manifest, 1, content =>
        {
            ImageManifest read = ImageManifest.Parse(content, "it");
            Assert.All(read.Layers, layer => Assert.True(layer.Size >= 0 && (layer.Annotations ?? []).All(pair => pair.Value is not null)));
            _ = read.Layers.Select(ChunkedLayer.TryParse).Count(layer => layer is not null);
        });

        Assert.InRange(refused, 2000, 6000);
    }

    [Fact]
    public void Indexes_and_configurations()
    {
        byte[] index = Encoding.UTF8.GetBytes($$$"""
            {"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:{{{Hex}}}","size":7,
            "platform":{"architecture":"amd64","os":"linux"}},{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:{{{Hex}}}","size":7,"platform":{"architecture":"arm64","os":"linux","variant":"v8"}}]}
            """);
        byte[] config = Encoding.UTF8.GetBytes($$$"""
            {"created":"2025-01-02T03:04:05Z","architecture":"amd64","os":"linux","config":{"Labels":{"a":"b","containers.bootc":"1"}},"rootfs":{"type":"layers","diff_ids":["sha256:{{{Hex}}}"]},"history":[{"created_by":"x","empty_layer":true}]}
            """);
        ImageIndex.Parse(index, "it").Choose(Platform.Linux("amd64"), "it");

        RunText(4000, index, 2, content => ImageIndex.Parse(content, "it").Choose(Platform.Linux("amd64"), "it"));
        RunText(4000, config, 3, content => _ = ImageConfig.Parse(content, "it") is { } read ? $"{read.Platform}{read.Labels.Count}" : "");
    }

    [Fact]
    public void Layouts()
    {
        WrittenImage image = OsImage.Create().WriteTo(_directory["image"]);
        byte[] index = File.ReadAllBytes(_directory["image/index.json"]);
        byte[] manifest = File.ReadAllBytes(image.BlobPath(image.ManifestDigest));

        RunText(1500, index, 4, content => Read(content, "index.json", "oci"));
        File.WriteAllBytes(_directory["image/manifest.json"], manifest);
        RunText(1500, manifest, 5, content => Read(content, "manifest.json", "dir"));

        void Read(byte[] content, string name, string transport)
        {
            File.WriteAllBytes(_directory[$"image/{name}"], content);
            IImageSource source = ImageSources.Open(new ImageReference(transport == "oci" ? Transport.OciDirectory : Transport.Directory, _directory["image"]));
            try
            {
                ResolvedManifest read = source.FetchManifestAsync(Platform.Current, default).GetAwaiter().GetResult();
                _ = source.FetchSignaturesAsync(read.Digest, null, default).GetAwaiter().GetResult();
            }
            finally
            {
                source.DisposeAsync().AsTask().GetAwaiter().GetResult();
            }
        }
    }

    [Theory]
    [InlineData("oci-archive")]
    [InlineData("docker-archive")]
    public void Archives(string transport)
    {
        Peer.Require("skopeo");
        string reference = $"{transport}:{_directory["it.tar"]}:example.com/os:1";
        Peer.Run("skopeo", "copy", "-q", new OsImage().AddLayer(layer => layer.File("file", "content")).WriteTo(_directory["image"]).Reference, reference).Succeeded();
        byte[] archive = File.ReadAllBytes(_directory["it.tar"]);
        var mutator = new Mutator(6);

        int refused = Fuzz.Run(800, () => mutator.Mutate(archive), content =>
        {
            File.WriteAllBytes(_directory["it.tar"], content);
            IImageSource source = ImageSources.Open(ImageReference.Parse(reference), new OciOptions { TemporaryDirectory = _directory.Path });
            try
            {
                ResolvedManifest read = source.FetchManifestAsync(Platform.Current, default).GetAwaiter().GetResult();
                foreach (Descriptor layer in read.Manifest.Layers)
                {
                    using Stream tar = LayerStream.OpenTar(source.OpenBlobAsync(layer, null, default).GetAwaiter().GetResult(), null, "the layer");
                    tar.CopyTo(Stream.Null);
                }
            }
            finally
            {
                source.DisposeAsync().AsTask().GetAwaiter().GetResult();
            }
        }, e => e is OciException);

        Assert.InRange(refused, 100, 800);
    }

    [Fact]
    public void Settings_of_registries()
    {
        byte[] toml = """
            unqualified-search-registries = ["registry.example", "quay.io"]
            short-name-mode = "enforcing"
            credential-helpers = ["containers-auth.json"]
            [aliases]
            "os" = "quay.io/example/os"
            [[registry]]
            prefix = "*.example.com"
            insecure = true
            blocked = false
            [[registry]]
            location = "quay.io/example"
            mirror-by-digest-only = true
            [[registry.mirror]]
            location = "mirror.example:5000/os"
            insecure = true
            """u8.ToArray();
        RegistryReference reference = RegistryReference.Parse("quay.io/example/os:1");
        int refused = RunText(3000, toml, 7, content =>
        {
            File.WriteAllBytes(_directory["registries.conf"], content);
            RegistriesConfig config = RegistriesConfig.Load(new OciOptions { Root = _directory.Path, RegistriesConf = _directory["registries.conf"] });
            _ = config.FindEndpoints(reference).Count;
            _ = config.IsBlocked(reference) || config.IsInsecure(RegistryReference.Parse("a.example.com/x"));
            _ = config.FindAlias("os");
        });

        Assert.InRange(refused, 1000, 3000);
    }

    [Fact]
    public void Settings_of_signatures_and_credentials()
    {
        byte[] yaml = """
            default-docker:
              lookaside: file:///var/lib/sigstore
              use-sigstore-attachments: true
            docker:
              quay.io/example: &one
                lookaside: https://example.com/sigstore
              registry.example: *one
            """u8.ToArray();
        byte[] credentials = """{"auths":{"quay.io":{"auth":"YTpi"},"registry.example/os":{"auth":"","identitytoken":"x"},"https://index.docker.io/v1/":{"auth":"YTpi"}},"credHelpers":{}}"""u8.ToArray();
        RegistryReference reference = RegistryReference.Parse("quay.io/example/os:1");
        string folder = Directory.CreateDirectory(_directory["etc/containers/registries.d"]).FullName;

        RunText(2000, yaml, 8, content =>
        {
            File.WriteAllBytes(Path.Combine(folder, "it.yaml"), content);
            RegistriesD settings = RegistriesD.Load(new OciOptions { Root = _directory.Path });
            _ = settings.UsesAttachments(reference);
            _ = settings.LookasideOf(reference, Digest.Compute([]), 1);
        });
        RunText(2000, credentials, 9, content =>
        {
            File.WriteAllBytes(_directory["auth.json"], content);
            _ = new CredentialStore(new OciOptions { AuthFile = _directory["auth.json"] }, static () => [CredentialStore.AuthFiles]).Find(reference);
        });
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("zstd")]
    [InlineData("chunked")]
    public void Blobs_of_layers(string compression)
    {
        byte[] tar = new OsLayer().Directory("usr").File("usr/file", new string('x', 3000)).File("usr/zeros", new byte[100_000]).ToTar();
        byte[] blob = Compress(tar, compression);
        var mutator = new Mutator(10);

        int refused = Fuzz.Run(1500, () => mutator.Mutate(blob), content =>
        {
            using Stream read = LayerStream.OpenTar(new MemoryStream(content), Digest.Compute(tar), "the layer");
            read.CopyTo(Stream.Null);
        }, e => e is OciException);

        Assert.InRange(refused, 300, 1500);
    }

    [Fact]
    public void Tables_of_contents_and_tar_splits()
    {
        byte[] blob = Compress(MakeTar(), "chunked", out WrittenLayer written);
        ChunkedLayer chunked = ChunkedLayer.TryParse(written.Descriptor)!;
        byte[] json = Decompress(blob, chunked.Toc);
        byte[] split = Decompress(blob, chunked.TarSplit);
        using var compressor = new Compressor(1);

        RunText(4000, json, 11, content =>
        {
            byte[] compressed = compressor.Wrap(content).ToArray();
            TableOfContents read = TableOfContents.Read(compressed, chunked with { TocDigest = Digest.Compute(compressed), TocSize = content.Length }, "the layer");
            Assert.All(read.Files, file => Assert.True(file.Range.Offset > 0 && file.Range.End <= chunked.Toc.Offset && file.Size > 0 && file.Chunks.Sum(chunk => chunk.Size) == file.Size));
        });
        RunText(4000, split, 12, content =>
        {
            using var reader = new TarSplitReader(new MemoryStream(content), long.MaxValue, "the layer");
            while (reader.Next())
            {
                Assert.True(reader.Size >= 0);
                _ = reader.IsFile ? reader.Name : "";
            }
        });
    }

    // As they lie in the blob, compressed: what has the digest may still be no Zstandard.
    [Fact]
    public void Compressed_tables_of_contents()
    {
        byte[] blob = Compress(MakeTar(), "chunked", out WrittenLayer written);
        ChunkedLayer chunked = ChunkedLayer.TryParse(written.Descriptor)!;
        byte[] table = blob[(int)chunked.Toc.Offset..(int)chunked.Toc.End];
        var mutator = new Mutator(13);

        Fuzz.Run(1500, () => mutator.Mutate(table), content => TableOfContents.Read(content, chunked with { TocDigest = Digest.Compute(content) }, "the layer"), e => e is OciException);
    }

    [Fact]
    public void Tar_streams_that_are_written_with_tables()
    {
        byte[] tar = MakeTar();
        var mutator = new Mutator(14);

        int refused = Fuzz.Run(3000, () => mutator.MutateTar(tar), content => ChunkedLayerWriter.Write(new MemoryStream(content), Stream.Null, 1), e => e is LayerFormatException);

        Assert.InRange(refused, 500, 3000);
    }

    [Fact]
    public void Answers_with_parts()
    {
        byte[] body = Encoding.ASCII.GetBytes("\r\n--B\r\nContent-Type: application/octet-stream\r\nContent-Range: bytes 0-3/1000\r\n\r\nabcd\r\n--B\r\nContent-Range: bytes 10-11/1000\r\n\r\nef\r\n--B--\r\n");
        RunText(3000, body, 15, content =>
        {
            var response = new HttpResponseMessage(HttpStatusCode.PartialContent) { Content = new ByteArrayContent(content) };
            response.Content.Headers.ContentType = MediaTypeHeaderValue.Parse("multipart/byteranges; boundary=B");
            using PartialAnswer answer = PartialAnswer.OpenAsync(response, TimeSpan.FromSeconds(10), 1000, default).GetAwaiter().GetResult();
            byte[] buffer = new byte[100];
            while (answer.NextPartAsync(default).AsTask().GetAwaiter().GetResult())
            {
                while (answer.Position < answer.PartEnd)
                {
                    Assert.True(answer.ReadAsync(buffer, default).AsTask().GetAwaiter().GetResult() > 0);
                }
            }
        }, e => e is OciException or IOException);
    }

    [Fact]
    public void Challenges()
    {
        byte[] challenge = """realm="https://auth.example/token",service="registry.example",scope="repository:os/image:pull" """u8.ToArray();
        RunText(3000, challenge, 16, content => Challenge.Parse("Bearer", Encoding.Latin1.GetString(content)));
    }

    private static int RunText(int rounds, byte[] original, int seed, Action<byte[]> read, Func<Exception, bool>? isExpected = null)
    {
        var mutator = new Mutator(seed);
        return Fuzz.Run(rounds, () => mutator.MutateText(original), read, isExpected ?? (e => e is OciException));
    }

    private static byte[] MakeTar() => new OsLayer()
        .Directory("usr").File("usr/file", new string('x', 3000), attributes: new Dictionary<string, string> { ["user.a"] = "b" })
        .File(new string('d', 120) + "/long", "y").SymbolicLink("usr/link", "file").HardLink("usr/hard", "usr/file").File("usr/zeros", new byte[100_000]).ToTar();

    private static byte[] Compress(byte[] tar, string compression) => Compress(tar, compression, out _);

    private static byte[] Compress(byte[] tar, string compression, out WrittenLayer written)
    {
        var blob = new MemoryStream();
        written = LayerCompressor.Write(new MemoryStream(tar), blob, compression switch { "gzip" => LayerCompression.Gzip, "zstd" => LayerCompression.Zstd, _ => LayerCompression.ZstdChunked });
        return blob.ToArray();
    }

    private static byte[] Decompress(byte[] blob, BlobRange range)
    {
        using var stream = new DecompressionStream(new MemoryStream(blob, (int)range.Offset, (int)range.Length));
        var content = new MemoryStream();
        stream.CopyTo(content);
        return content.ToArray();
    }
}
