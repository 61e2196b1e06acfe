// What users see of an image that cannot be had or used: one line, exit code 1, and a host that is as it was.
using Bootc.Testing;

namespace Bootc.Cli.Tests;

public class FailureTests
{
    [Theory]
    [InlineData(401, "", "access to the manifest of IMAGE is refused: HOST answered 401 Unauthorized; no credentials for it are in ")]
    [InlineData(403, """{"errors":[{"code":"DENIED","message":"not\nfor you"}]}""", "access to the manifest of IMAGE is refused: HOST answered 403 Forbidden (DENIED: not for you); no credentials for it are in ")]
    [InlineData(404, """{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}""", "there is no manifest of IMAGE: HOST answered 404 NotFound (MANIFEST_UNKNOWN: manifest unknown)")]
    [InlineData(200, "<html>", "the manifest of IMAGE is no JSON")]
    public void Registry_that_refuses(int status, string body, string error)
    {
        using CliHost host = Installed();
        using var server = new ScriptedServer(_ => new ScriptedAnswer(status, body));
        string image = server.Address + "/os/image:1";

        AssertFails(host, error.Replace("IMAGE", image).Replace("HOST", server.Address), "switch", image);
    }

    [Fact]
    public void Registry_that_does_not_listen()
    {
        using CliHost host = Installed();
        string address;
        using (var server = new ScriptedServer(_ => new ScriptedAnswer(200)))
        {
            address = server.Address;
        }

        AssertFails(host, $"cannot fetch the manifest of {address}/os/image:1: Connection refused ({address}) (tried 5 times)\n", "switch", address + "/os/image:1");
    }

    [Fact]
    public void Layer_with_other_bytes()
    {
        using CliHost host = Installed();
        WrittenImage image = host.Publish("3");
        File.AppendAllText(image.BlobPath(image.LayerDigests[^1]), "x");

        AssertFails(host, $"blob {image.LayerDigests[^1]} in ", "upgrade");
    }

    [Fact]
    public void Image_without_kernel()
    {
        using CliHost host = Installed();
        string image = CliHost.Image("3").AddLayer(layer => layer.Whiteout("usr/lib/modules")).WriteTo(host.Images).Reference;

        AssertFails(host, $"{image} is not bootable: it has no kernel at /usr/lib/modules/VERSION/vmlinuz\n", "upgrade");
    }

    private static CliHost Installed()
    {
        var host = new CliHost();
        host.Publish("1");
        host.Switch("--quiet").Succeeded();
        return host;
    }

    private static void AssertFails(CliHost host, string error, params string[] command)
    {
        string before = host.Run("status", "--json").Succeeded();

        CommandResult result = host.Run([.. command, "--quiet"]);

        Assert.Equal((1, ""), (result.ExitCode, result.Output));
        Assert.StartsWith("error: " + error, result.Error, StringComparison.Ordinal);
        Assert.Equal(result.Error.Length - 1, result.Error.IndexOf('\n'));
        Assert.Equal(before, host.Run("status", "--json").Succeeded());
        host.Run("internals", "fsck").Succeeded();
    }
}
