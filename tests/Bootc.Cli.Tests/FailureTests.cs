// What users see of an image that cannot be had or used: one line, exit code 1, and a host that is as it was.
using Bootc.Cli.Presentation;
using Bootc.Linux;
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

    [Theory]
    [InlineData("no \e]0;title\a\e[2Jmore", "no ?]0;title??[2Jmore")]
    [InlineData("file \u202etxt.exe\u2066\u200b", "file ?txt.exe??")]
    [InlineData("it said:\r\nline\tone\n\u2028two\u009b1m", "it said: line\tone ?two?1m")]
    [InlineData("größer 日本 😀", "größer 日本 😀")]
    public void What_others_say_does_nothing_to_a_terminal(string message, string shown) =>
        Assert.Equal(shown, ErrorReport.Describe(new IOException(message)));

    [Fact]
    public void What_others_say_without_end_is_cut()
    {
        string shown = ErrorReport.Describe(new IOException(new string('x', 1_000_000)));

        Assert.Equal((16_385, '…'), (shown.Length, shown[^1]));
    }

    [Fact]
    public void A_broken_pipe_is_told_unless_it_is_that_of_the_output()
    {
        Assert.True(StandardOutput.IsReaderGone(new LinuxException("write", "standard output", Errno.EPIPE)));
        Assert.False(StandardOutput.IsReaderGone(new LinuxException("write", "/run/service", Errno.EPIPE)));
        Assert.False(StandardOutput.IsReaderGone(new IOException("Broken pipe")));
    }

    [Fact]
    public void A_reader_that_goes_early_is_no_reason_to_complain()
    {
        using CliHost host = Installed();

        CommandResult result = host.Shell("{ sleep 0.3; \"$BOOTC\" status --json --sysroot \"$SYSROOT\"; echo \"exit code $?\" >&2; } | true");

        Assert.Equal("exit code 1\n", result.Error);
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
