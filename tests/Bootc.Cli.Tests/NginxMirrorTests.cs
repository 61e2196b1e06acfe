// A host behind nginx, which keeps images for many: no parts of blobs, connections that are closed, others that break.
using Bootc.Testing;

namespace Bootc.Cli.Tests;

public sealed class NginxMirrorTests : IDisposable
{
    private readonly TestDirectory _directory = new("cli");

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_host_follows_an_image_that_comes_by_a_poor_mirror(bool refusesRanges)
    {
        using var registry = new RealRegistry(_directory);
        using var nginx = new NginxMirror(_directory, registry.Address, cutOneIn: 8, refusesRanges);
        using var link = new FaultyLink(nginx.Address) { BreakOneIn = 10, BreakAtMost = 3 }; // what comes whole again has to arrive some time
        using var host = new CliHost();
        Push(host, registry, "1");
        host.Run("switch", "--quiet", $"{link.Address}/os:stable").Succeeded();
        string digest = Push(host, registry, "2");

        host.Run("upgrade", "--quiet").Succeeded();

        Assert.Contains(digest, host.Run("status", "--format", "json").Succeeded());
        host.Run("internals", "fsck").Succeeded();
        Assert.True(link.Broken > 0);
        Assert.Contains(nginx.Requests, request => request.Contains(" range=bytes=", StringComparison.Ordinal));
        Assert.DoesNotContain(nginx.Requests, request => request.StartsWith("206 ", StringComparison.Ordinal));
    }

    [Fact]
    public void What_the_mirror_cannot_give_comes_from_the_registry()
    {
        using var registry = new RealRegistry(_directory);
        using var nginx = new NginxMirror(_directory, registry.Address, cutOneIn: 1);
        using var host = new CliHost();
        string digest = Push(host, registry, "1");
        var environment = new Dictionary<string, string>
        {
            ["CONTAINERS_REGISTRIES_CONF"] = _directory.Write("registries.conf", $"""
                [[registry]]
                prefix = "registry.example"
                location = "{registry.Address}"
                insecure = true
                [[registry.mirror]]
                location = "{nginx.Address}"
                insecure = true
                """),
        };

        Peer.Run(CliHost.Executable, ["switch", "--quiet", "--sysroot", host.Sysroot, "registry.example/os:stable"], null, environment).Succeeded();

        Assert.Contains(digest, host.Run("status", "--format", "json").Succeeded());
        Assert.Contains(nginx.Requests, request => request.StartsWith("200 GET /v2/os/manifests/", StringComparison.Ordinal));
        Assert.Contains(nginx.Requests, request => request.StartsWith("444 GET /v2/os/blobs/", StringComparison.Ordinal));
    }

    private string Push(CliHost host, RealRegistry registry, string version)
    {
        byte[] large = new byte[6_000_000];
        new Random(1).NextBytes(large);
        WrittenImage image = CliHost.Image(version)
            .AddLayer(layer => layer.Directory("opt").File("opt/large", large).File("opt/version", version)).WriteTo(host.Images);
        CliHost.Bootc(
            "image", "push", "-q", "--source", image.Reference, "--target", $"{registry.Address}/os:stable",
            "--compression-format", "zstd:chunked", "--force-compression", "--digestfile", _directory["digest"]).Succeeded();
        return File.ReadAllText(_directory["digest"]);
    }
}
