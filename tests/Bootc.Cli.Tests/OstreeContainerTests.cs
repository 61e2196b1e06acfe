// `internals ostree-container`: deployments become images, and commits come out of them.
using Bootc.Testing;

namespace Bootc.Cli.Tests;

public class OstreeContainerTests
{
    [Fact]
    public void A_deployment_becomes_an_image_that_another_host_follows()
    {
        using CliHost host = CliHost.WithTwoDeployments();
        string old = Encapsulate(host, "rollback", "1");
        string digest = Encapsulate(host, "default", "2", "--previous", $"oci:{host["image"]}:1", "--label", "org.example.a=b");
        using var other = new CliHost();

        other.Run("switch", "--transport", "oci", $"{host["image"]}:1", "--quiet").Succeeded();
        Assert.Contains(old, other.Run("status", "--format", "json").Succeeded());
        other.Run("switch", "--transport", "oci", $"{host["image"]}:2", "--quiet").Succeeded();

        Assert.Contains(digest, other.Run("status", "--format", "json").Succeeded());
        other.Run("internals", "fsck").Succeeded();
    }

    [Fact]
    public void A_deployment_goes_to_a_registry_and_only_what_changed_comes_from_there()
    {
        using var directory = new TestDirectory("cli");
        using var registry = new RealRegistry(directory);
        using CliHost host = CliHost.WithTwoDeployments();
        string[] options = ["--compression-format", "zstd:chunked"];
        string name = $"docker://{registry.Address}/os:stable";

        string first = host.Run(["internals", "ostree-container", "encapsulate", "rollback", name, .. options]).Succeeded().Trim();
        using var other = new CliHost();
        other.Run("switch", "--quiet", $"{registry.Address}/os:stable").Succeeded();
        Assert.Contains(first, other.Run("status", "--format", "json").Succeeded());
        string second = host.Run(["internals", "ostree-container", "encapsulate", "default", name, "--previous", name, .. options]).Succeeded().Trim();
        other.Run("upgrade", "--quiet").Succeeded();

        Assert.Contains(second, other.Run("status", "--format", "json").Succeeded());
        other.Run("internals", "fsck").Succeeded();
    }

    [Fact]
    public void The_commit_is_the_same_in_every_repository()
    {
        Oracle.Require();
        using CliHost host = CliHost.WithTwoDeployments();
        Encapsulate(host, "default", "2");
        Oracle.Run("ostree", "init", $"--repo={host["repo"]}", "--mode=archive").Succeeded();

        string commit = CliHost.Bootc("internals", "ostree-container", "unencapsulate", "--repo", host["repo"], "--write-ref", "os/test", $"oci:{host["image"]}:2").Succeeded().Trim();

        Assert.Equal(commit, Oracle.Run("ostree", "rev-parse", $"--repo={host["repo"]}", "os/test").Succeeded().Trim());
        Oracle.Run("ostree", "fsck", $"--repo={host["repo"]}").Succeeded();
        Assert.Equal(commit, host.Run("internals", "ostree-container", "unencapsulate", $"oci:{host["image"]}:2").Succeeded().Trim());
        string again = CliHost.Bootc("internals", "ostree-container", "encapsulate", "--repo", host["repo"], "os/test", $"oci:{host["again"]}").Succeeded();
        Assert.Equal(Encapsulate(host, "default", "3"), again.Trim());
    }

    [Theory]
    [InlineData("encapsulate nothing oci:/tmp/none-of-this", "nothing")]
    [InlineData("encapsulate booted oci:/tmp/none-of-this", "is not the system that runs")]
    [InlineData("encapsulate default docker-daemon:os:1", "an image cannot be written to docker-daemon:os:1")]
    [InlineData("encapsulate default oci:/tmp/none-of-this --label x", "'x' is no label")]
    [InlineData("encapsulate default oci:/tmp/none-of-this --max-layers 3", "4 is the least")]
    [InlineData("unencapsulate oci:/proc/none", "there is no image directory /proc/none")]
    public void Failures_are_explained_in_one_line_and_nothing_is_made(string line, string error)
    {
        using var host = new CliHost();
        host.Publish("1");
        host.Switch("--quiet").Succeeded();

        CommandResult result = host.Run(["internals", "ostree-container", .. line.Split(' ')]);

        Assert.Equal(1, result.ExitCode);
        Assert.Contains(error, Assert.Single(result.Error.TrimEnd('\n').Split('\n')));
        Assert.False(Directory.Exists("/tmp/none-of-this"));
    }

    private static string Encapsulate(CliHost host, string commit, string tag, params string[] options) =>
        host.Run(["internals", "ostree-container", "encapsulate", commit, $"oci:{host["image"]}:{tag}", .. options]).Succeeded().Trim();
}
