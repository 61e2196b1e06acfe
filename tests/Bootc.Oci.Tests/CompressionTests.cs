// Images pushed in every compression: podman pulls them, of zstd:chunked file by file.
using System.Formats.Tar;
using System.Text.Json.Nodes;
using Bootc.Oci.Layers;
using Bootc.Oci.Layers.Chunked;
using Bootc.Oci.Model;
using Bootc.Testing;

namespace Bootc.Oci.Tests;

public sealed class CompressionTests : IDisposable
{
    private readonly TestDirectory _directory = new("compression");
    private readonly byte[] _large = new byte[3_000_000];
    private readonly OciOptions _options;

    public CompressionTests()
    {
        new Random(5).NextBytes(_large);
        _options = new OciOptions { Root = _directory["root"], Attempts = 3, FirstDelay = TimeSpan.FromMilliseconds(1), TemporaryDirectory = _directory.Path };
    }

    public static TheoryData<LayerCompression> Compressions => [LayerCompression.Gzip, LayerCompression.Zstd, LayerCompression.ZstdChunked];

    public void Dispose() => _directory.Dispose();

    [Theory]
    [MemberData(nameof(Compressions))]
    public async Task Podman_pulls_what_is_pushed(LayerCompression compression)
    {
        Oracle.Require("podman");
        using var registry = new RealRegistry(_directory);
        WrittenImage image = MakeImage("1").WriteTo(_directory["image"]);
        string name = $"{registry.Address}/os/image:1";

        PushedImage pushed = await PushAsync(image.Reference, name, compression, force: true);

        string[] store = ["--root", _directory["store"], "--runroot", _directory["run"], "--storage-driver", "vfs"];
        string id = Oracle.Run("podman", [.. store, "pull", "-q", "--tls-verify=false", name]).Succeeded().Trim();
        Assert.Equal(image.ConfigDigest, "sha256:" + id);
        Assert.Equal(pushed.Digest.ToString(), Oracle.Run("podman", [.. store, "image", "inspect", "--format={{.Digest}}", id]).Succeeded().Trim());
        string root = Oracle.Run("podman", [.. store, "image", "mount", id]).Succeeded().Trim();
        Assert.Equal(_large, await File.ReadAllBytesAsync(Path.Combine(root, "usr/large")));
        Assert.Equal("#!/bin/sh\necho hello\n", await File.ReadAllTextAsync(Path.Combine(root, "usr/bin/hello")));
        await AssertIsCompressedAsync(name, compression);
    }

    [Fact]
    public async Task Podman_takes_layers_with_tables_file_by_file()
    {
        Oracle.Require("podman");
        using var registry = new RealRegistry(_directory);
        string name = $"{registry.Address}/os/image:1";
        await PushAsync(MakeImage("1").WriteTo(_directory["image"]).Reference, name, LayerCompression.ZstdChunked, force: true);
        string configuration = _directory.Write("storage.conf", $"""
            [storage]
            driver = "overlay"
            graphroot = "{_directory["store"]}"
            runroot = "{_directory["run"]}"
            [storage.options]
            pull_options = {"{enable_partial_images = \"true\"}"}
            """);

        CommandResult pulled = Oracle.Run("env", $"CONTAINERS_STORAGE_CONF={configuration}", "podman", "--log-level=debug", "pull", "--tls-verify=false", name);

        Assert.SkipWhen(pulled.Error.Contains("overlay is not supported"), "podman cannot keep images as overlays here");
        pulled.Succeeded();
        Assert.Contains("Created zstd:chunked differ", pulled.Error);
    }

    [Theory]
    [MemberData(nameof(Compressions))]
    public async Task Skopeo_copies_what_is_compressed_anew_and_a_second_push_sends_nothing(LayerCompression compression)
    {
        Peer.Require("skopeo");
        using var registry = new RealRegistry(_directory);
        WrittenImage image = MakeImage("1").WriteTo(_directory["image"]);
        string name = $"{registry.Address}/os/image:1";
        PushedImage pushed = await PushAsync(image.Reference, name, compression, force: true);
        PushedImage again = await PushAsync(image.Reference, name, compression, force: true);

        Assert.Equal(compression == LayerCompression.Gzip, image.ManifestDigest == pushed.Digest.ToString());
        Assert.Equal((pushed.Digest, 0, 0L), (again.Digest, again.Uploaded, again.BytesUploaded));
        Peer.Run("skopeo", "copy", "-q", "--src-tls-verify=false", $"docker://{name}", $"oci:{_directory["back"]}:1").Succeeded();
        await AssertIsCompressedAsync(name, compression);
    }

    [Fact]
    public async Task Without_force_an_image_stays_as_it_is()
    {
        using var registry = new RealRegistry(_directory);
        WrittenImage image = MakeImage("1").WriteTo(_directory["image"]);

        PushedImage pushed = await PushAsync(image.Reference, $"{registry.Address}/os/image:1", LayerCompression.ZstdChunked, force: false);

        Assert.Equal(image.ManifestDigest, pushed.Digest.ToString());
    }

    [Fact]
    public async Task What_layers_say_of_themselves_stays_and_old_tables_go()
    {
        using var registry = new RealRegistry(_directory);
        WrittenImage image = MakeImage("1").WriteTo(_directory["image"]);
        JsonNode index = JsonNode.Parse(File.ReadAllText(_directory["image/index.json"]))!;
        JsonNode manifest = JsonNode.Parse(File.ReadAllText(image.BlobPath(image.ManifestDigest)))!;
        manifest["layers"]![0]!["annotations"] = new JsonObject { ["ostree.components"] = "alpha,beta", ["containerd.io/snapshot/stargz/toc.digest"] = "sha256:old", ["io.github.containers.zstd-chunked.manifest-position"] = "1:2:3:1" };
        byte[] bytes = System.Text.Encoding.UTF8.GetBytes(manifest.ToJsonString());
        index["manifests"]![0]!["digest"] = Digest.Compute(bytes).ToString();
        index["manifests"]![0]!["size"] = bytes.Length;
        File.WriteAllBytes(image.BlobPath(Digest.Compute(bytes).ToString()), bytes);
        File.WriteAllText(_directory["image/index.json"], index.ToJsonString());

        await PushAsync(image.Reference, $"{registry.Address}/os/image:1", LayerCompression.Zstd, force: true);

        ImageManifest pushed = await ManifestAsync($"{registry.Address}/os/image:1");
        Assert.Equal(new Dictionary<string, string> { ["ostree.components"] = "alpha,beta" }, pushed.Layers[0].Annotations);
    }

    // Global headers are nothing that a table of contents could tell.
    [Fact]
    public async Task A_layer_that_can_have_no_table_is_compressed_without_one()
    {
        using var registry = new RealRegistry(_directory);
        var layer = new OsLayer();
        layer.Add(new PaxGlobalExtendedAttributesTarEntry(new Dictionary<string, string> { ["comment"] = "of git archive" })).File("usr/file", "content");
        WrittenImage image = MakeImage("1").AddLayer(layer).WriteTo(_directory["image"]);

        await PushAsync(image.Reference, $"{registry.Address}/os/image:1", LayerCompression.ZstdChunked, force: true);

        ImageManifest pushed = await ManifestAsync($"{registry.Address}/os/image:1");
        Assert.Equal([true, true, true, false], pushed.Layers.Select(each => ChunkedLayer.TryParse(each) is not null));
        await AssertIsTheTarAsync($"{registry.Address}/os/image:1", layer.ToTar(), 3);
    }

    [Fact]
    public async Task A_damaged_layer_is_not_compressed_anew()
    {
        using var registry = new RealRegistry(_directory);
        WrittenImage image = MakeImage("1").WriteTo(_directory["image"]);
        byte[] blob = File.ReadAllBytes(image.BlobPath(image.LayerDigests[^1]));
        blob[blob.Length / 2] ^= 1;
        File.WriteAllBytes(image.BlobPath(image.LayerDigests[^1]), blob);

        await Assert.ThrowsAnyAsync<OciException>(() => PushAsync(image.Reference, $"{registry.Address}/os/image:1", LayerCompression.ZstdChunked, force: true));

        await Assert.ThrowsAsync<ImageNotFoundException>(() => ManifestAsync($"{registry.Address}/os/image:1"));
    }

    [Fact]
    public async Task What_is_no_layer_is_not_compressed_anew()
    {
        using var registry = new RealRegistry(_directory);
        WrittenImage image = MakeImage("1").WriteTo(_directory["image"]);
        string path = image.BlobPath(image.ManifestDigest);
        JsonNode document = JsonNode.Parse(File.ReadAllText(path))!;
        document["layers"]![0]!["mediaType"] = MediaTypes.OciLayerGzip + "+encrypted";
        string manifest = document.ToJsonString();
        string digest = Digest.Compute(System.Text.Encoding.UTF8.GetBytes(manifest)).ToString();
        File.WriteAllText(image.BlobPath(digest), manifest);
        string index = File.ReadAllText(_directory["image/index.json"]);
        File.WriteAllText(_directory["image/index.json"], index.Replace(image.ManifestDigest, digest));

        ManifestException e = await Assert.ThrowsAsync<ManifestException>(() => PushAsync(image.Reference, $"{registry.Address}/os/image:1", LayerCompression.Zstd, force: true));

        Assert.Contains("+encrypted', which cannot be compressed anew", e.Message);
    }

    private OsImage MakeImage(string version) => OsImage.Create(version).AddLayer(layer => layer.Directory("usr").File("usr/large", _large).File("usr/zeros", new byte[500_000]));

    private async Task<PushedImage> PushAsync(string source, string target, LayerCompression compression, bool force)
    {
        await using IImageSource image = ImageSources.Open(ImageReference.Parse(source), _options);
        return await new ImagePush(image, RegistryReference.Parse(target), _options) { Compression = compression, ForceCompression = force }.RunAsync(null, default);
    }

    private async Task<ImageManifest> ManifestAsync(string name)
    {
        await using IImageSource source = ImageSources.Open(ImageReference.Parse($"docker://{name}"), _options);
        return (await source.FetchManifestAsync(Platform.Current, default)).Manifest;
    }

    private async Task AssertIsTheTarAsync(string name, byte[] expected, int layer)
    {
        await using IImageSource source = ImageSources.Open(ImageReference.Parse($"docker://{name}"), _options);
        ImageManifest manifest = (await source.FetchManifestAsync(Platform.Current, default)).Manifest;
        await using Stream tar = LayerStream.OpenTar(await source.OpenBlobAsync(manifest.Layers[layer], null, default), null, "the layer");
        var content = new MemoryStream();
        await tar.CopyToAsync(content);
        Assert.Equal(expected, content.ToArray());
    }

    private async Task AssertIsCompressedAsync(string name, LayerCompression compression)
    {
        ImageManifest manifest = await ManifestAsync(name);
        Assert.All(manifest.Layers, layer => Assert.Equal(LayerCompressor.MediaTypeOf(compression), layer.MediaType));
        Assert.All(manifest.Layers, layer => Assert.Equal(compression == LayerCompression.ZstdChunked, ChunkedLayer.TryParse(layer) is not null));
    }
}
