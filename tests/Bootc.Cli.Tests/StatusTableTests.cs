// The table that `status` shows to people.
using Bootc.Testing;

namespace Bootc.Cli.Tests;

public class StatusTableTests
{
    [Fact]
    public void Empty_sysroot()
    {
        using var host = new CliHost();

        Golden.Check("status-empty", Status(host));
    }

    [Fact]
    public void One_deployment()
    {
        using var host = new CliHost();
        host.Publish("1");
        host.Switch("--quiet").Succeeded();

        Golden.Check("status-one", Status(host));
    }

    [Fact]
    public void Two_deployments_the_older_one_pinned_and_an_update_at_hand()
    {
        using CliHost host = CliHost.WithTwoDeployments();
        host.Publish("3");
        host.Run("upgrade", "--check").Succeeded();
        Pin(host, version: "1");

        Golden.Check("status-two", Status(host));
        Golden.Check("status-two-verbose", Status(host, "--verbose"));
    }

    [Fact]
    public void After_a_rollback()
    {
        using CliHost host = CliHost.WithTwoDeployments();
        host.Run("rollback", "--quiet").Succeeded();

        Golden.Check("status-rollback", Status(host));
    }

    [Fact]
    public void Images()
    {
        using CliHost host = CliHost.WithTwoDeployments();

        Golden.Check("image-list", host.Run("image", "list").Succeeded());
        Assert.Equal($$"""[{"image":"oci:{{host.Images}}:latest","image_type":"host"}]""" + "\n", host.Run("image", "list", "--type", "host", "--format", "json").Succeeded());
        Assert.Equal("[]\n", host.Run("image", "list", "--type", "logical", "--format", "json").Succeeded());
    }

    [Fact]
    public void Yaml_is_the_default_where_no_one_watches() => Assert.StartsWith("apiVersion: org.containers.bootc/v1\nkind: BootcHost\n", StatusOfEmpty());

    private static string StatusOfEmpty()
    {
        using var host = new CliHost();
        return host.Run("status").Succeeded();
    }

    private static string Status(CliHost host, params string[] options) => host.Run(["status", "--format", "human", .. options]).Succeeded();

    // As 'ostree admin pin' does.
    private static void Pin(CliHost host, string version)
    {
        string deployments = Path.Combine(host.Sysroot, "ostree/deploy/default/deploy");
        string deployment = Directory.EnumerateDirectories(deployments)
            .Single(directory => File.ReadAllText(Path.Combine(directory, "usr/lib/os-release")).Contains($"VERSION_ID={version}\n", StringComparison.Ordinal));
        File.AppendAllText(deployment + ".origin", "\n[libostree-transient]\npinned=true\n");
    }
}
