// Images that skopeo put in every kind of place are found there, whole.
using System.Text.Json.Nodes;
using Bootc.Oci.Layers;
using Bootc.Oci.Model;
using Bootc.Testing;
using Xunit;

namespace Bootc.Oci.Tests;

public sealed class TransportTests : IDisposable
{
    // a test vector of crypt_blowfish: the password is U*U
    private const string Alice = "alice:$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";

    private readonly TestDirectory _directory = new();
    private readonly WrittenImage _image;

    public TransportTests() =>
        _image = OsImage.Create().AddLayer(layer => layer.File("usr/large", new byte[500_000])).WriteTo(_directory["image"]);

    public static TheoryData<string, string[]> Places => new()
    {
        { "oci:{directory}/copy:tag", [] },
        { "oci:{directory}/copy", [] },
        { "oci-archive:{directory}/copy.tar:tag", [] },
        { "oci-archive:{directory}/copy.tar", [] },
        { "docker-archive:{directory}/copy.tar:example.com/os/image:tag", [] },
        { "docker-archive:{directory}/copy.tar", [] },
        { "dir:{directory}/copy", [] },
        { "dir:{directory}/copy", ["--format=v2s2"] },
        { "oci:{directory}/copy:tag", ["--dest-compress-format=zstd", "--dest-compress"] },
    };

    [Theory]
    [MemberData(nameof(Places))]
    public async Task An_image_is_found_whole_where_skopeo_put_it(string place, string[] options)
    {
        Peer.Require("skopeo");
        string reference = place.Replace("{directory}", _directory.Path);
        Peer.Run("skopeo", ["copy", "-q", .. options, _image.Reference, reference]).Succeeded();

        await AssertIsTheImageAsync(ImageSources.Open(ImageReference.Parse(reference)));
    }

    [Theory]
    [InlineData("overlay")]
    [InlineData("vfs")]
    public async Task An_image_is_found_in_the_storage_of_podman(string driver)
    {
        Peer.Require("skopeo");
        string place = $"containers-storage:[{driver}@{_directory["store"]}+{_directory["run"]}]";
        CommandResult copied = Peer.Run("skopeo", "copy", "-q", _image.Reference, $"{place}example.com/os/image:tag");
        Assert.SkipWhen(copied.ExitCode != 0 && driver == "overlay", $"skopeo cannot keep images as overlays here: {copied.Error.Trim()}");
        copied.Succeeded();

        await AssertIsTheImageAsync(ImageSources.Open(ImageReference.Parse($"{place}example.com/os/image:tag")));
        _directory.Write("root/etc/containers/storage.conf", $"[storage]\ndriver = \"{driver}\"\ngraphroot = \"{_directory["store"]}\"\n");
        var options = new OciOptions { Root = _directory["root"] };
        await AssertIsTheImageAsync(ImageSources.Open(ImageReference.Parse("containers-storage:example.com/os/image:tag"), options));
        ImageNotFoundException missing = Assert.Throws<ImageNotFoundException>(() => ImageSources.Open(ImageReference.Parse("containers-storage:os"), options));
        Assert.Equal($"{_directory["store"]} has no image 'os', only example.com/os/image:tag", missing.Message);

        // What somebody changed in the store is not the image.
        string file = Directory.GetFiles(_directory["store"], "large", SearchOption.AllDirectories).First(path => !path.Contains("/l/")); // there are links to it
        File.WriteAllBytes(file, new byte[500_000 - 10]);
        LayerFormatException damaged = await Assert.ThrowsAsync<LayerFormatException>(() => AssertIsTheImageAsync(ImageSources.Open(ImageReference.Parse("containers-storage:example.com/os/image:tag"), options)));
        Assert.Contains("has a file that lacks its last 10 bytes", damaged.Message);
        File.Delete(file);
        damaged = await Assert.ThrowsAsync<LayerFormatException>(() => AssertIsTheImageAsync(ImageSources.Open(ImageReference.Parse("containers-storage:example.com/os/image:tag"), options)));
        Assert.Contains("lacks its file usr/large", damaged.Message);
    }

    // Whoever signed the index vouches for the digest that it names.
    [Fact]
    public async Task A_manifest_that_an_index_does_not_name_is_not_taken_from_storage()
    {
        Peer.Require("skopeo");
        string place = $"containers-storage:[vfs@{_directory["store"]}+{_directory["run"]}]example.com/os/image:tag";
        Peer.Run("skopeo", "copy", "-q", _image.Reference, place).Succeeded();
        string image = Directory.GetDirectories(_directory["store/vfs-images"]).Single();
        string manifest = Path.Combine(image, "manifest");
        string named = "sha256:" + new string('5', 64);
        File.Move(manifest, Path.Combine(image, "=" + Convert.ToBase64String(System.Text.Encoding.ASCII.GetBytes($"manifest-{named}"))));
        File.WriteAllText(manifest, $$"""{"schemaVersion":2,"mediaType":"{{MediaTypes.OciIndex}}","manifests":[{"mediaType":"{{MediaTypes.OciManifest}}","digest":"{{named}}","size":1000,"platform":{"os":"linux","architecture":"{{Platform.Current.Architecture}}"} }]}""");

        await using IImageSource source = ImageSources.Open(ImageReference.Parse(place));
        DigestMismatchException e = await Assert.ThrowsAsync<DigestMismatchException>(() => source.FetchManifestAsync(Platform.Current, default));

        Assert.Contains(named, e.Message);
    }

    [Fact]
    public async Task A_compressed_docker_archive_is_read()
    {
        Peer.Require("skopeo", "gzip");
        Peer.Run("skopeo", "copy", "-q", _image.Reference, $"docker-archive:{_directory["copy.tar"]}:example.com/a:b").Succeeded();
        Peer.Run("gzip", _directory["copy.tar"]).Succeeded();

        await AssertIsTheImageAsync(ImageSources.Open(ImageReference.Parse($"docker-archive:{_directory["copy.tar.gz"]}")));
    }

    [Theory]
    [InlineData("oci")]
    [InlineData("v2s2")]
    public async Task An_image_is_found_in_a_registry(string format)
    {
        Peer.Require("skopeo");
        using var registry = new RealRegistry(_directory);
        Peer.Run("skopeo", "copy", "-q", "--dest-tls-verify=false", $"--format={format}", _image.Reference, $"docker://{registry.Address}/os/image:1").Succeeded();

        await AssertIsTheImageAsync(ImageSources.Open(ImageReference.Parse($"docker://{registry.Address}/os/image:1")));
        await using IImageSource missing = ImageSources.Open(ImageReference.Parse($"docker://{registry.Address}/os/image:2"));
        await Assert.ThrowsAsync<ImageNotFoundException>(() => missing.FetchManifestAsync(Platform.Current, default));
    }

    [Fact]
    public async Task The_credentials_that_skopeo_login_wrote_open_a_registry()
    {
        Peer.Require("skopeo");
        using var registry = new RealRegistry(_directory, Alice);
        string file = _directory["auth.json"];
        Peer.Run("skopeo", "login", "--tls-verify=false", "--authfile", file, "-u", "alice", "-p", "U*U", registry.Address).Succeeded();
        Peer.Run("skopeo", "copy", "-q", "--dest-tls-verify=false", "--authfile", file, _image.Reference, $"docker://{registry.Address}/os/image:1").Succeeded();
        ImageReference reference = ImageReference.Parse($"docker://{registry.Address}/os/image:1");

        await AssertIsTheImageAsync(ImageSources.Open(reference, new OciOptions { AuthFile = file }));
        await using IImageSource anonymous = ImageSources.Open(reference, new OciOptions { AuthFile = _directory["none.json"] });
        UnauthorizedException e = await Assert.ThrowsAsync<UnauthorizedException>(() => anonymous.FetchManifestAsync(Platform.Current, default));
        Assert.Contains(_directory["none.json"], e.Message);
    }

    [Fact]
    public async Task Of_an_index_the_image_for_this_machine_is_chosen()
    {
        OsImage other = OsImage.Create();
        other.Architecture = "riscv64";
        string layout = _directory["image"];
        WrittenImage foreign = other.WriteTo(layout, "foreign");
        JsonArray manifests = JsonNode.Parse(File.ReadAllText(Path.Combine(layout, "index.json")))!["manifests"]!.AsArray();
        var index = new JsonObject
        {
            ["schemaVersion"] = 2,
            ["mediaType"] = MediaTypes.OciIndex,
            ["manifests"] = new JsonArray(
                Described(manifests, foreign.ManifestDigest, "riscv64"), Described(manifests, _image.ManifestDigest, Platform.Current.Architecture)),
        };
        byte[] bytes = System.Text.Encoding.UTF8.GetBytes(index.ToJsonString());
        string digest = ScriptedRegistry.DigestOf(bytes);
        File.WriteAllBytes(_image.BlobPath(digest), bytes);
        File.WriteAllText(Path.Combine(layout, "index.json"), $$"""
            {"schemaVersion":2,"manifests":[{"mediaType":"{{MediaTypes.OciIndex}}","digest":"{{digest}}","size":{{bytes.Length}},"annotations":{"org.opencontainers.image.ref.name":"multi"} }]}
            """);
        await using IImageSource source = ImageSources.Open(ImageReference.Parse($"oci:{layout}:multi"));

        Assert.Equal(_image.ManifestDigest, (await source.FetchManifestAsync(Platform.Current, default)).Digest.ToString());
        ImageNotFoundException e = await Assert.ThrowsAsync<ImageNotFoundException>(() => source.FetchManifestAsync(new Platform { OperatingSystem = "linux", Architecture = "mips" }, default));
        Assert.Contains("linux/mips", e.Message);
        Assert.Contains("linux/riscv64", e.Message);
    }

    // What `skopeo inspect --override-arch … --override-variant …` chooses; it refuses amd64/v1, which every amd64 machine runs.
    [Theory]
    [InlineData("amd64", null, "amd64/v3 amd64/v2 amd64", "amd64")]
    [InlineData("amd64", null, "amd64/v3 amd64/v1", "amd64/v1")]
    [InlineData("amd64", null, "amd64/v4 amd64/v2", null)]
    [InlineData("amd64", "v3", "amd64 amd64/v2 amd64/v3", "amd64/v3")]
    [InlineData("amd64", "v3", "amd64/v2 amd64", "amd64")]
    [InlineData("arm64", "v8", "arm64 arm64/v8", "arm64/v8")]
    [InlineData("arm64", "v8", "arm/v7 arm64", "arm64")]
    [InlineData("arm64", null, "arm64/v9 arm64/v8", "arm64/v8")]
    [InlineData("arm", "v7", "arm/v5 arm/v6 arm", "arm/v6")]
    [InlineData("arm", "v6", "arm/v7 arm", "arm")]
    [InlineData("arm", "v6", "arm/v7 arm64/v8", null)]
    [InlineData("riscv64", null, "amd64 riscv64", "riscv64")]
    public void Of_variants_the_best_one_that_runs_is_chosen(string architecture, string? variant, string images, string? chosen)
    {
        string[] platforms = images.Split(' ');
        var manifests = new JsonArray([.. platforms.Select((platform, i) => Described(platform.Split('/'), i))]);
        ImageIndex index = ImageIndex.Parse(System.Text.Encoding.UTF8.GetBytes(new JsonObject { ["schemaVersion"] = 2, ["manifests"] = manifests }.ToJsonString()), "an index");
        Platform wanted = Platform.Linux(architecture, variant);

        if (chosen is null)
        {
            Assert.Contains("only for linux/", Assert.Throws<ImageNotFoundException>(() => index.Choose(wanted, "an index")).Message);
            return;
        }

        Assert.Equal(chosen, platforms[index.Choose(wanted, "an index").Size]);

        static JsonNode Described(string[] platform, int i) => new JsonObject
        {
            ["mediaType"] = MediaTypes.OciManifest,
            ["digest"] = ScriptedRegistry.DigestOf([]),
            ["size"] = i,
            ["platform"] = new JsonObject { ["os"] = "linux", ["architecture"] = platform[0], ["variant"] = platform.ElementAtOrDefault(1) },
        };
    }

    [Theory]
    [InlineData("oci:{directory}/nowhere", "nowhere")]
    [InlineData("oci:{directory}/image:other", "other")]
    [InlineData("oci-archive:{directory}/nowhere.tar", "nowhere.tar")]
    [InlineData("docker-archive:{directory}/nowhere.tar", "nowhere.tar")]
    [InlineData("dir:{directory}/nowhere", "nowhere")]
    [InlineData("oci-archive:{directory}/text", "text")]
    [InlineData("docker-archive:{directory}/text", "text")]
    [InlineData("oci:{directory}/text", "text")]
    public async Task A_place_without_the_image_is_named(string place, string named)
    {
        _directory.Write("text", "this is no archive");

        OciException e = await Assert.ThrowsAnyAsync<OciException>(async () =>
        {
            await using IImageSource source = ImageSources.Open(ImageReference.Parse(place.Replace("{directory}", _directory.Path)));
            await source.FetchManifestAsync(Platform.Current, default);
        });

        Assert.Contains(named, e.Message);
    }

    [Fact]
    public async Task A_blob_that_is_a_link_out_of_the_layout_is_not_followed()
    {
        string secret = _directory.Write("secret", "not for images");
        string blob = _image.BlobPath(_image.LayerDigests[0]);
        File.Delete(blob);
        File.CreateSymbolicLink(blob, secret);
        await using IImageSource source = ImageSources.Open(ImageReference.Parse(_image.Reference));
        ResolvedManifest manifest = await source.FetchManifestAsync(Platform.Current, default);

        await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            await using Stream stream = await source.OpenBlobAsync(manifest.Manifest.Layers[0], null, default);
            await stream.CopyToAsync(Stream.Null);
        });
    }

    public void Dispose() => _directory.Dispose();

    // The layers' content, since copying may compress anew.
    private async Task AssertIsTheImageAsync(IImageSource source)
    {
        await using (source)
        {
            ResolvedManifest manifest = await source.FetchManifestAsync(Platform.Current, default);
            ImageConfig config = ImageConfig.Parse((await source.FetchSmallBlobAsync(manifest.Manifest.Config, 1 << 20, default)).Span, "the image");
            Assert.Equal("1", config.Labels["containers.bootc"]);
            Assert.Equal(_image.LayerDigests.Length, manifest.Manifest.Layers.Length);
            foreach ((Descriptor layer, Digest diffId) in manifest.Manifest.Layers.Zip(config.RootFs.DiffIds))
            {
                await using Stream blob = await source.OpenBlobAsync(layer, null, default);
                await using Stream tar = LayerStream.OpenTar(blob, diffId, "the layer");
                await tar.CopyToAsync(Stream.Null);
            }
        }
    }

    private static JsonNode Described(JsonArray manifests, string digest, string architecture)
    {
        JsonObject descriptor = manifests.Single(manifest => (string?)manifest!["digest"] == digest)!.DeepClone().AsObject();
        descriptor.Remove("annotations");
        descriptor["platform"] = new JsonObject { ["os"] = "linux", ["architecture"] = architecture };
        return descriptor;
    }
}
