// image push: to a registry, from anywhere.
using Bootc.Testing;

namespace Bootc.Cli.Tests;

public sealed class ImagePushTests : IDisposable
{
    private readonly TestDirectory _directory = new("cli");

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void An_image_is_pushed_and_its_digest_told()
    {
        using var registry = new RealRegistry(_directory);
        WrittenImage image = OsImage.Create().WriteTo(_directory["image"]);
        string target = $"{registry.Address}/os/image:1";

        CommandResult first = CliHost.Bootc("image", "push", "--source", image.Reference, "--target", target, "--digestfile", _directory["digest"]);
        CommandResult second = CliHost.Bootc("image", "push", "--source", $"docker://{target}", "--target", $"docker://{registry.Address}/os/other:2");

        Assert.Equal($"Pushed: {target}\nDigest: {image.ManifestDigest}\n", first.Succeeded());
        Assert.Contains("blobs already present: 0; blobs to push: 3 (", first.Error);
        Assert.Equal(image.ManifestDigest, File.ReadAllText(_directory["digest"]));
        Assert.Equal($"Pushed: {registry.Address}/os/other:2\nDigest: {image.ManifestDigest}\n", second.Succeeded());
    }

    [Fact]
    public void Layers_are_compressed_anew_where_that_is_asked_for()
    {
        Peer.Require("skopeo");
        using var registry = new RealRegistry(_directory);
        WrittenImage image = OsImage.Create().WriteTo(_directory["image"]);
        string target = $"{registry.Address}/os/image:1";

        CliHost.Bootc("image", "push", "-q", "--source", image.Reference, "--target", target, "--compression-format", "zstd:chunked").Succeeded();
        string asItWas = Peer.Run("skopeo", "inspect", "--raw", "--tls-verify=false", $"docker://{target}").Succeeded();
        CliHost.Bootc("image", "push", "-q", "--source", image.Reference, "--target", target, "--compression-format", "zstd:chunked", "--force-compression").Succeeded();
        string chunked = Peer.Run("skopeo", "inspect", "--raw", "--tls-verify=false", $"docker://{target}").Succeeded();

        Assert.DoesNotContain("zstd", asItWas);
        Assert.Contains("io.github.containers.zstd-chunked.manifest-checksum", chunked);
    }

    [Fact]
    public void Without_a_source_it_is_the_very_image_that_the_host_runs()
    {
        using var host = new CliHost();
        using var registry = new RealRegistry(_directory);
        string[] images = [.. new[] { "1", "2" }.Select(version =>
        {
            WrittenImage image = host.Publish(version);
            CliHost.Bootc("image", "push", "-q", "--source", image.Reference, "--target", $"{registry.Address}/os/image:stable").Succeeded();
            if (version == "1")
            {
                host.Run("switch", "--quiet", $"{registry.Address}/os/image:stable").Succeeded();
            }

            return image.ManifestDigest;
        })];

        Assert.Equal($"Pushed: {registry.Address}/os/copy:1\nDigest: {images[0]}\n", host.Run("image", "push", "--target", $"{registry.Address}/os/copy:1").Succeeded());
        Assert.NotEqual(images[0], images[1]);
    }

    [Fact]
    public void What_the_registry_says_against_it_is_told_in_one_line()
    {
        using var server = new ScriptedServer(_ => new ScriptedAnswer(403, """{"errors":[{"code":"DENIED","message":"not for you"}]}"""));
        WrittenImage image = OsImage.Create().WriteTo(_directory["image"]);

        CommandResult result = CliHost.Bootc("image", "push", "-q", "--authfile", _directory["none.json"], "--source", image.Reference, "--target", $"{server.Address}/os:1");

        Assert.Equal((1, ""), (result.ExitCode, result.Output));
        Assert.Matches($"^error: access to the blob sha256:[0-9a-f]+ of {server.Address}/os is refused: {server.Address} answered 403 Forbidden.*; no credentials for it are in {_directory["none.json"]}\n$", result.Error);
    }
}
