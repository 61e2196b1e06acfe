// Registries behind the proxy that the environment names.
using Bootc.Testing;

namespace Bootc.Cli.Tests;

public sealed class ProxyTests : IDisposable
{
    private readonly TestDirectory _directory = new("cli");

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("alice:U%2AU", "alice:U*U", "", 0)]
    [InlineData(null, null, "", 0)]
    [InlineData("alice:wrong", "alice:U*U", "", 1)]
    [InlineData(null, null, "10.0.0.0/8,registry.example", 1)]
    [InlineData(null, null, "10.0.0.0/8,.registry.example", 0)]
    public void An_image_comes_and_goes_by_the_proxy(string? shown, string? wanted, string none, int code)
    {
        using var registry = new RealRegistry(_directory);
        using var proxy = new ForwardProxy(registry.Address, wanted);
        WrittenImage image = OsImage.Create().AddLayer(layer => layer.File("usr/large", new byte[6_000_000])).WriteTo(_directory["image"]);
        string address = $"http://{(shown is null ? "" : shown + "@")}{proxy.Address}";
        var environment = new Dictionary<string, string>
        {
            ["HTTP_PROXY"] = address,
            ["HTTPS_PROXY"] = address,
            ["NO_PROXY"] = none,
            ["CONTAINERS_REGISTRIES_CONF"] = _directory.Write("registries.conf", "[[registry]]\nlocation = \"registry.example:5000\"\ninsecure = true\n"),
        };

        CommandResult pushed = Peer.Run(CliHost.Executable, ["image", "push", "--source", image.Reference, "--target", "registry.example:5000/os:1"], null, environment);
        CommandResult read = Peer.Run(CliHost.Executable, ["image", "verify", "--policy", _directory.Write("policy.json", """{"default":[{"type":"insecureAcceptAnything"}]}"""), "registry.example:5000/os:1"], null, environment);

        Assert.Equal((code, code), (pushed.ExitCode, read.ExitCode));
        if (code == 0)
        {
            Assert.Contains($"Digest: {image.ManifestDigest}\n", pushed.Output);
            Assert.Contains(proxy.Requests, request => request.StartsWith("CONNECT registry.example:5000 "));
            Assert.Contains(proxy.Requests, request => request == "GET http://registry.example:5000/v2/os/manifests/1 HTTP/1.1");
        }
        else if (none.Length > 0)
        {
            Assert.Empty(proxy.Requests);
        }
    }
}
