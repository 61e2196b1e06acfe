// Images pushed to real registries: what skopeo finds there is the image, to the byte where that can be.
using System.Text.Json.Nodes;
using Bootc.Oci.Layers;
using Bootc.Oci.Model;
using Bootc.Testing;

namespace Bootc.Oci.Tests;

public sealed class PushTests : IDisposable
{
    // a test vector of crypt_blowfish: the password is U*U
    private const string Alice = "alice:$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";

    private readonly TestDirectory _directory = new("push");
    private readonly WrittenImage _image;
    private readonly OciOptions _options;

    public PushTests()
    {
        byte[] large = new byte[6_000_000]; // more than goes in one request
        new Random(3).NextBytes(large);
        _image = OsImage.Create().AddLayer(layer => layer.File("usr/large", large)).WriteTo(_directory["image"]);
        _options = new OciOptions { Root = _directory["root"], AuthFile = _directory["auth.json"], Attempts = 3, FirstDelay = TimeSpan.FromMilliseconds(1) };
    }

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("oci:{directory}/copy:tag")]
    [InlineData("oci-archive:{directory}/copy.tar:tag")]
    [InlineData("dir:{directory}/copy")]
    [InlineData("dir:{directory}/copy", "--format=v2s2")]
    [InlineData("oci:{directory}/copy:tag", "--dest-compress-format=zstd", "--dest-compress")]
    public async Task An_image_arrives_as_it_is(string place, params string[] options)
    {
        Peer.Require("skopeo");
        using var registry = new RealRegistry(_directory);
        string reference = place.Replace("{directory}", _directory.Path);
        Peer.Run("skopeo", ["copy", "-q", .. options, _image.Reference, reference]).Succeeded();

        PushedImage pushed = await PushAsync(reference, $"{registry.Address}/os/image:1");

        Assert.Equal(4, pushed.Uploaded);
        Assert.Equal(await DigestOfAsync(reference), pushed.Digest.ToString());
        Assert.Equal(pushed.Digest.ToString(), Inspect(registry, "os/image:1"));
        Peer.Run("skopeo", "copy", "-q", "--src-tls-verify=false", $"docker://{registry.Address}/os/image:1", $"dir:{_directory["back"]}").Succeeded();
        PushedImage again = await PushAsync(reference, $"{registry.Address}/os/image:2");
        Assert.Equal((0, 4, 0L), (again.Uploaded, again.Present, again.BytesUploaded));
    }

    // docker-registry checks the token's signature and what it allows.
    [Fact]
    public async Task Tokens_are_asked_for_by_what_they_are_to_allow()
    {
        using var tokens = new TokenServer("alice", "U*U");
        using var registry = new RealRegistry(_directory, tokens: tokens);
        string name = $"{registry.Address}/os/image:1";

        await Assert.ThrowsAnyAsync<OciException>(() => PushAsync(_image.Reference, name)); // anybody may pull, not push
        RegistryLogin.Store(_directory["auth.json"], registry.Address, "alice", "U*U");
        PushedImage pushed = await PushAsync(_image.Reference, name);
        File.Delete(_directory["auth.json"]);

        Assert.Contains("repository:os/image:pull,push", tokens.Scopes);
        Assert.Equal(pushed.Digest.ToString(), await DigestOfAsync($"docker://{name}"));
        Assert.Equal("repository:os/image:pull", tokens.Scopes.Last());
    }

    [Theory]
    [InlineData("docker-archive:{directory}/copy.tar:example.com/os/image:tag", LayerCompression.Gzip)]
    [InlineData("docker-archive:{directory}/copy.tar:example.com/os/image:tag", LayerCompression.Zstd)]
    [InlineData("containers-storage:[vfs@{directory}/store+{directory}/run]example.com/os/image:tag", LayerCompression.Gzip)]
    public async Task Layers_that_are_not_compressed_are_compressed_on_the_way(string place, LayerCompression compression)
    {
        Peer.Require("skopeo");
        using var registry = new RealRegistry(_directory);
        string reference = place.Replace("{directory}", _directory.Path);
        Peer.Run("skopeo", "copy", "-q", _image.Reference, reference).Succeeded();

        PushedImage pushed = await PushAsync(reference, $"{registry.Address}/os/image:1", compression);

        Assert.Equal(4, pushed.Uploaded);
        Peer.Run("skopeo", "copy", "-q", "--src-tls-verify=false", $"docker://{registry.Address}/os/image:1", $"oci:{_directory["back"]}:1").Succeeded();
        await AssertIsTheImageAsync($"oci:{_directory["back"]}:1", compression);
        PushedImage again = await PushAsync(reference, $"{registry.Address}/os/image:1", compression);
        Assert.Equal((pushed.Digest, 0, 4, 0L), (again.Digest, again.Uploaded, again.Present, again.BytesUploaded)); // known by what the name stood for
    }

    // Whoever may write to the registry could have put anything under the name, and the image may be signed once it is pushed.
    [Fact]
    public async Task Blobs_that_the_registry_takes_for_layers_do_not_come_into_an_image()
    {
        Peer.Require("skopeo");
        using var registry = new RealRegistry(_directory);
        string name = $"{registry.Address}/os/image:1";
        string archive = $"docker-archive:{_directory["copy.tar"]}:example.com/os/image:tag";
        Peer.Run("skopeo", "copy", "-q", _image.Reference, archive).Succeeded();
        PushedImage pushed = await PushAsync(archive, name);
        Peer.Run("skopeo", "copy", "-q", "--src-tls-verify=false", $"docker://{name}", $"dir:{_directory["forged"]}").Succeeded();
        WrittenImage impostor = OsImage.Create("2").WriteTo(_directory["impostor"]);
        string blob = impostor.LayerDigests[0];
        File.Copy(impostor.BlobPath(blob), _directory[$"forged/{blob["sha256:".Length..]}"]);
        JsonNode manifest = JsonNode.Parse(File.ReadAllText(_directory["forged/manifest.json"]))!;
        manifest["layers"]![0]!["digest"] = blob;
        manifest["layers"]![0]!["size"] = new FileInfo(impostor.BlobPath(blob)).Length;
        File.WriteAllText(_directory["forged/manifest.json"], manifest.ToJsonString());
        PushedImage forged = await PushAsync($"dir:{_directory["forged"]}", name);

        PushedImage again = await PushAsync(archive, name);

        Assert.NotEqual(pushed.Digest, forged.Digest);
        Assert.Equal(pushed.Digest, again.Digest);
        await AssertIsTheImageAsync($"docker://{name}", LayerCompression.Gzip);
    }

    [Fact]
    public async Task Layers_that_the_registry_has_as_they_were_pulled_are_not_sent_from_storage()
    {
        Peer.Require("skopeo");
        using var registry = new RealRegistry(_directory);
        await PushAsync(_image.Reference, $"{registry.Address}/os/image:base");
        string place = $"containers-storage:[vfs@{_directory["store"]}+{_directory["run"]}]example.com/os/image:tag";
        Peer.Run("skopeo", "copy", "-q", "--src-tls-verify=false", $"docker://{registry.Address}/os/image:base", place).Succeeded();

        PushedImage pushed = await PushAsync(place, $"{registry.Address}/os/image:new");

        Assert.Equal((0, 4), (pushed.Uploaded, pushed.Present));
        await AssertIsTheImageAsync($"docker://{registry.Address}/os/image:new", LayerCompression.Gzip);
    }

    [Fact]
    public async Task Between_repositories_of_a_registry_nothing_is_sent()
    {
        using var registry = new RealRegistry(_directory);
        PushedImage first = await PushAsync(_image.Reference, $"{registry.Address}/os/testing:1");

        PushedImage second = await PushAsync($"docker://{registry.Address}/os/testing:1", $"{registry.Address}/os/stable:1");

        Assert.Equal((first.Digest, 0, 4, 0L), (second.Digest, second.Uploaded, second.Mounted, second.BytesUploaded));
        await AssertIsTheImageAsync($"docker://{registry.Address}/os/stable:1", LayerCompression.Gzip);
    }

    [Fact]
    public async Task Tables_of_contents_stay_intact()
    {
        Oracle.Require();
        using var registry = new RealRegistry(_directory);
        string from = $"docker://{registry.Address}/os/chunked:1";
        Oracle.Run("skopeo", "--insecure-policy", "copy", "-q", "--dest-tls-verify=false", "--dest-compress-format=zstd:chunked", "--dest-force-compress-format", _image.Reference, from).Succeeded();
        Peer.Run("skopeo", "copy", "-q", "--src-tls-verify=false", from, $"oci:{_directory["chunked"]}:1").Succeeded();

        PushedImage pushed = await PushAsync($"oci:{_directory["chunked"]}:1", $"{registry.Address}/os/other:1");

        JsonNode manifest = JsonNode.Parse(Peer.Run("skopeo", "inspect", "--raw", "--tls-verify=false", $"docker://{registry.Address}/os/other:1").Succeeded())!;
        Assert.All(manifest["layers"]!.AsArray(), layer => Assert.NotNull(layer!["annotations"]!["io.github.containers.zstd-chunked.manifest-checksum"]));
        Assert.Equal(Inspect(registry, "os/chunked:1"), pushed.Digest.ToString());
    }

    [Fact]
    public async Task Credentials_are_shown_and_wrong_ones_named()
    {
        using var registry = new RealRegistry(_directory, Alice);
        string target = $"{registry.Address}/os/image:1";

        UnauthorizedException without = await Assert.ThrowsAsync<UnauthorizedException>(() => PushAsync(_image.Reference, target));
        RegistryLogin.Store(_directory["auth.json"], registry.Address, "alice", "wrong");
        UnauthorizedException wrong = await Assert.ThrowsAsync<UnauthorizedException>(() => PushAsync(_image.Reference, target));
        RegistryLogin.Store(_directory["auth.json"], registry.Address, "alice", "U*U");
        PushedImage pushed = await PushAsync(_image.Reference, target);

        Assert.Contains($"no credentials for it are in {_directory["auth.json"]}", without.Message);
        Assert.Contains("the credentials of 'alice' do not suffice", wrong.Message);
        Assert.Equal(_image.ManifestDigest, pushed.Digest.ToString());
    }

    [Fact]
    public async Task A_registry_with_an_authority_of_its_own_is_pushed_to_over_tls()
    {
        Peer.Require("openssl");
        Directory.CreateDirectory(_directory["tls"]);
        Peer.Run("sh", "-ec", $"""
            cd {_directory["tls"]}
            openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.crt -days 2 -subj /CN=test-ca
            for name in server client; do
              openssl req -newkey rsa:2048 -nodes -keyout $name.key -out $name.csr -subj /CN=$name
              printf 'subjectAltName=IP:127.0.0.1\n' > $name.ext
              openssl x509 -req -in $name.csr -CA ca.crt -CAkey ca.key -CAcreateserial -out $name.cert -days 2 -extfile $name.ext
            done
            """).Succeeded();
        using var registry = new RealRegistry(_directory, Alice, _directory["tls"]);
        RegistryLogin.Store(_directory["auth.json"], registry.Address, "alice", "U*U");
        string own = Directory.CreateDirectory(_directory[$"root/etc/containers/certs.d/{registry.Address}"]).FullName;
        foreach (string file in (string[])["ca.crt", "client.cert", "client.key"])
        {
            File.Copy(_directory[$"tls/{file}"], Path.Combine(own, file));
        }

        PushedImage pushed = await PushAsync(_image.Reference, $"{registry.Address}/os/image:1");

        Assert.Equal((_image.ManifestDigest, 4), (pushed.Digest.ToString(), pushed.Uploaded));
        await AssertIsTheImageAsync($"docker://{registry.Address}/os/image:1", LayerCompression.Gzip);
    }

    [Fact]
    public async Task A_layer_that_is_damaged_is_not_pushed_and_the_name_stays_what_it_was()
    {
        using var registry = new RealRegistry(_directory);
        PushedImage before = await PushAsync(_image.Reference, $"{registry.Address}/os/image:1");
        WrittenImage next = OsImage.Create("2").AddLayer(layer => layer.File("usr/new", new byte[5_000_000])).WriteTo(_directory["next"]);
        string blob = next.BlobPath(next.LayerDigests[^1]);
        byte[] bytes = File.ReadAllBytes(blob);
        bytes[^20] ^= 1;
        File.WriteAllBytes(blob, bytes);

        DigestMismatchException e = await Assert.ThrowsAsync<DigestMismatchException>(() => PushAsync(next.Reference, $"{registry.Address}/os/image:1"));

        Assert.Equal(next.LayerDigests[^1], e.Expected.ToString());
        await using IImageSource still = ImageSources.Open(ImageReference.Parse($"docker://{registry.Address}/os/image:1"), _options);
        Assert.Equal(before.Digest, (await still.FetchManifestAsync(Platform.Current, default)).Digest);
    }

    private async Task<PushedImage> PushAsync(string source, string target, LayerCompression compression = LayerCompression.Gzip)
    {
        await using IImageSource image = ImageSources.Open(ImageReference.Parse(source), _options);
        return await new ImagePush(image, RegistryReference.Parse(target), _options) { Compression = compression }.RunAsync(null, default);
    }

    private static string Inspect(RealRegistry registry, string name) =>
        Peer.Run("skopeo", "inspect", "--tls-verify=false", "--format={{.Digest}}", $"docker://{registry.Address}/{name}").Succeeded().Trim();

    private async Task<string> DigestOfAsync(string reference)
    {
        await using IImageSource source = ImageSources.Open(ImageReference.Parse(reference), _options);
        return (await source.FetchManifestAsync(Platform.Current, default)).Digest.ToString();
    }

    private async Task AssertIsTheImageAsync(string reference, LayerCompression compression)
    {
        await using IImageSource expected = ImageSources.Open(ImageReference.Parse(_image.Reference));
        await using IImageSource source = ImageSources.Open(ImageReference.Parse(reference), _options);
        ImageManifest manifest = (await source.FetchManifestAsync(Platform.Current, default)).Manifest;
        ImageConfig config = ImageConfig.Parse((await source.FetchSmallBlobAsync(manifest.Config, 1 << 20, default)).Span, "the image");
        ImageManifest original = (await expected.FetchManifestAsync(Platform.Current, default)).Manifest;
        ImageConfig wanted = ImageConfig.Parse((await expected.FetchSmallBlobAsync(original.Config, 1 << 20, default)).Span, "the image");
        Assert.Equal(wanted.RootFs.DiffIds, config.RootFs.DiffIds);
        Assert.Equal("1", config.Labels["containers.bootc"]);
        foreach ((Descriptor layer, Digest diffId) in manifest.Layers.Zip(config.RootFs.DiffIds))
        {
            Assert.Equal(compression == LayerCompression.Zstd ? MediaTypes.OciLayerZstd : MediaTypes.OciLayerGzip, layer.MediaType);
            await using Stream blob = await source.OpenBlobAsync(layer, null, default);
            await using Stream tar = LayerStream.OpenTar(blob, diffId, "the layer");
            await tar.CopyToAsync(Stream.Null);
        }
    }
}
