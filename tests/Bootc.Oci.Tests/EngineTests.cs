// podman as a container engine: images built in it, read from it, and told about when it cannot.
using Bootc.Oci.Engine;
using Bootc.Oci.Layers;
using Bootc.Oci.Model;
using Bootc.Testing;

namespace Bootc.Oci.Tests;

public sealed class EngineTests : IDisposable
{
    private readonly TestDirectory _directory = new("engine");
    private readonly string? _before = Environment.GetEnvironmentVariable("DOCKER_HOST");

    public void Dispose()
    {
        Environment.SetEnvironmentVariable("DOCKER_HOST", _before);
        _directory.Dispose();
    }

    [Fact]
    public async Task What_is_built_is_read_back_and_pushed()
    {
        using PodmanService podman = Start();
        _directory.Write("c/Containerfile", "FROM scratch AS first\nARG WHAT=nothing\nLABEL what=$WHAT\nCOPY a /etc/a\nFROM first\nCOPY large /usr/large\n");
        _directory.Write("c/a", "content");
        byte[] large = new byte[8_000_000];
        new Random(1).NextBytes(large);
        await File.WriteAllBytesAsync(_directory["c/large"], large);
        var output = new Collected();

        string id = await BuildAsync(output, new ImageBuild { Context = _directory["c"], Tags = ["localhost/os:1", "localhost/os:latest"], Arguments = new Dictionary<string, string> { ["WHAT"] = "something" } });
        await using IImageSource source = ImageSources.Open(ImageReference.Parse("docker-daemon:localhost/os:1"), Options);
        ResolvedManifest manifest = await source.FetchManifestAsync(Platform.Current, default);
        ImageConfig config = ImageConfig.Parse((await source.FetchSmallBlobAsync(manifest.Manifest.Config, 1 << 20, default)).Span, "it");

        Assert.Contains("STEP 1/4: FROM scratch AS first", output.Text);
        Assert.Equal("something", config.Labels["what"]);
        Assert.Equal(2, manifest.Manifest.Layers.Length);
        Assert.Equal("sha256:" + podman.Run("image", "inspect", "--format={{.Id}}", "localhost/os:1").Succeeded().Trim(), Full(id));
        Assert.Equal(Full(id), manifest.Manifest.Config.Digest.ToString());
        foreach ((Descriptor layer, Digest diffId) in manifest.Manifest.Layers.Zip(config.RootFs.DiffIds))
        {
            await using Stream blob = await source.OpenBlobAsync(layer, null, default);
            await using Stream tar = LayerStream.OpenTar(blob, diffId, "the layer");
            await tar.CopyToAsync(Stream.Null);
        }

        using var registry = new RealRegistry(_directory);
        PushedImage pushed = await new ImagePush(source, RegistryReference.Parse($"{registry.Address}/os:1"), Options).RunAsync(null, default);
        podman.Run("pull", "-q", "--tls-verify=false", $"{registry.Address}/os@{pushed.Digest}").Succeeded();
        Assert.Empty(Directory.GetFiles(_directory["tmp"]));
    }

    [Fact]
    public async Task An_image_is_given_to_the_engine_as_it_is()
    {
        using PodmanService podman = Start();
        WrittenImage image = OsImage.Create().AddLayer(layer => layer.File("usr/large", new byte[5_000_000])).WriteTo(_directory["image"]);
        using ContainerEngine engine = ContainerEngine.Find(Options);
        await using IImageSource source = ImageSources.Open(ImageReference.Parse(image.Reference), Options);

        await engine.LoadAsync(source, "localhost/os:1", null, default);

        Assert.Equal(image.ConfigDigest, "sha256:" + podman.Run("image", "inspect", "--format={{.Id}}", "localhost/os:1").Succeeded().Trim());
        Assert.Equal(image.ConfigDigest, Full(await engine.FindImageAsync("localhost/os:1", default)));
    }

    [Fact]
    public async Task A_damaged_image_is_not_given_to_the_engine()
    {
        using PodmanService podman = Start();
        WrittenImage image = OsImage.Create().WriteTo(_directory["image"]);
        byte[] blob = File.ReadAllBytes(image.BlobPath(image.LayerDigests[0]));
        blob[^9] ^= 1;
        File.WriteAllBytes(image.BlobPath(image.LayerDigests[0]), blob);
        using ContainerEngine engine = ContainerEngine.Find(Options);
        await using IImageSource source = ImageSources.Open(ImageReference.Parse(image.Reference), Options);

        await Assert.ThrowsAnyAsync<OciException>(() => engine.LoadAsync(source, "localhost/os:1", null, default));

        Assert.Equal("", podman.Run("images", "-q").Succeeded());
    }

    [Fact]
    public async Task The_stage_and_the_file_are_chosen()
    {
        using PodmanService podman = Start();
        string file = _directory.Write("elsewhere/Other", "FROM scratch AS first\nLABEL stage=first\nFROM first\nLABEL stage=second\n");
        Directory.CreateDirectory(_directory["c"]);

        await BuildAsync(new Collected(), new ImageBuild { Context = _directory["c"], File = file, Target = "first", NoCache = true, Pull = true, Tags = ["localhost/stage:1"] });

        Assert.Equal("first", podman.Run("image", "inspect", "--format={{.Labels.stage}}", "localhost/stage:1").Succeeded().Trim());
    }

    [Theory]
    [InlineData("FROM scratch\nCOPY missing /\n", "missing")]
    [InlineData("FORM scratch\n", "FORM|FROM")]
    [InlineData("FROM 127.0.0.1:1/none:1\n", "127.0.0.1:1")]
    public async Task A_build_that_fails_is_told_in_the_engines_words(string containerfile, string named)
    {
        using PodmanService podman = Start();
        _directory.Write("c/Containerfile", containerfile);

        OciException e = await Assert.ThrowsAnyAsync<OciException>(() => BuildAsync(new Collected(), new ImageBuild { Context = _directory["c"] }));

        Assert.IsType<EngineException>(e);
        Assert.Contains(_directory["c/Containerfile"], e.Message);
        Assert.Matches(named, e.Message); // in the words of this or that version
    }

    [Fact]
    public async Task An_image_that_is_not_there_is_told()
    {
        using PodmanService podman = Start();
        await using IImageSource source = ImageSources.Open(ImageReference.Parse("docker-daemon:localhost/none:1"), Options);

        ImageNotFoundException e = await Assert.ThrowsAsync<ImageNotFoundException>(() => source.FetchManifestAsync(Platform.Current, default));

        Assert.StartsWith($"the container engine at {podman.Address} cannot look for the image 'localhost/none:1': ", e.Message);
    }

    [Theory]
    [InlineData("unix:///nowhere/engine.sock", "the container engine at unix:///nowhere/engine.sock cannot look for the image 'os:1', it does not answer as it should: ")]
    [InlineData("ssh://host/run/docker.sock", "DOCKER_HOST is 'ssh://host/run/docker.sock', and engines are not reached over SSH")]
    [InlineData("somewhere", "DOCKER_HOST is 'somewhere', which is no address such as unix:///run/docker.sock")]
    [InlineData("tcp://127.0.0.1:1", "the container engine at tcp://127.0.0.1:1/ cannot look for the image 'os:1', it does not answer as it should: ")]
    public async Task An_engine_that_is_not_there_is_told(string host, string message)
    {
        Environment.SetEnvironmentVariable("DOCKER_HOST", host);
        await using IImageSource source = ImageSources.Open(ImageReference.Parse("docker-daemon:os:1"), Options);

        EngineException e = await Assert.ThrowsAsync<EngineException>(() => source.FetchManifestAsync(Platform.Current, default));

        Assert.StartsWith(message, e.Message);
    }

    private OciOptions Options => new() { Root = _directory["root"], AuthFile = _directory["auth.json"], TemporaryDirectory = Directory.CreateDirectory(_directory["tmp"]).FullName };

    private PodmanService Start()
    {
        var podman = new PodmanService(_directory);
        Environment.SetEnvironmentVariable("DOCKER_HOST", podman.Address);
        return podman;
    }

    private async Task<string> BuildAsync(Collected output, ImageBuild build)
    {
        using ContainerEngine engine = ContainerEngine.Find(Options);
        return await engine.BuildAsync(build, output, default);
    }

    private static string Full(string id) => id.StartsWith("sha256:", StringComparison.Ordinal) ? id : "sha256:" + id;

    private sealed class Collected : IProgress<string>
    {
        public string Text { get; private set; } = "";

        public void Report(string value) => Text += value;
    }
}
