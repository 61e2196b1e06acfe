// image pull and image rm: what comes into the store, stays there, and leaves it.
using System.Text.Json.Nodes;
using Bootc.Testing;

namespace Bootc.Cli.Tests;

public class ImageStoreTests
{
    [Fact]
    public void What_is_pulled_is_there_for_a_switch_and_goes_when_it_is_told_to()
    {
        using var host = new CliHost();
        host.Publish("1");
        host.Switch("--quiet").Succeeded();
        string before = host.Run("status", "--format", "json").Succeeded();
        WrittenImage next = CliHost.Image("2").AddLayer(layer => layer.File("usr/only-here", new string('x', 100_000))).WriteTo(host.Images, "next");
        string reference = $"{host.Images}:next";

        CommandResult pulled = host.Run("image", "pull", "--transport", "oci", reference);
        CommandResult again = host.Run("image", "pull", "--transport", "oci", reference);

        Assert.StartsWith($"Pulled: oci:{reference}\n  Version: 2", pulled.Succeeded());
        Assert.StartsWith($"The store has oci:{reference} already", again.Succeeded());
        Assert.Equal(before, host.Run("status", "--format", "json").Succeeded());
        Assert.Contains($"oci:{reference}", host.Run("image", "list").Succeeded());

        // What upgrades and switches clean up is not what somebody pulled.
        host.Publish("3");
        host.Run("upgrade", "--quiet").Succeeded();
        File.Delete(next.BlobPath(next.LayerDigests[^1])); // nothing is fetched that is there
        host.Run("switch", "--quiet", "--transport", "oci", reference).Succeeded();

        CommandResult refused = host.Run("image", "rm", "--transport", "oci", reference);
        Assert.StartsWith($"error: oci:{reference} is what the deployment ", refused.Error);
        Assert.Equal(1, refused.ExitCode);
    }

    [Fact]
    public void What_is_removed_leaves_no_object_behind()
    {
        using var host = new CliHost();
        host.Publish("1");
        host.Switch("--quiet").Succeeded();
        string before = Objects(host);
        CliHost.Image("2").AddLayer(layer => layer.File("usr/only-here", "content of its own")).WriteTo(host.Images, "next");
        host.Run("image", "pull", "--quiet", "--transport", "oci", $"{host.Images}:next").Succeeded();
        string during = Objects(host);

        CommandResult removed = host.Run("image", "rm", $"oci:{host.Images}:next");

        Assert.Equal($"Removed: oci:{host.Images}:next\n", removed.Succeeded());
        Assert.NotEqual(before, during);
        Assert.Equal(before, Objects(host));
        Assert.Equal($"error: the store has no image oci:{host.Images}:next, only oci:{host.Images}:latest\n", host.Run("image", "rm", $"oci:{host.Images}:next").Error);
    }

    [Fact]
    public void What_could_not_boot_is_not_pulled()
    {
        using var host = new CliHost();
        new OsImage().AddLayer(layer => layer.Directory("usr")).WriteTo(host.Images, "empty");

        CommandResult result = host.Run("image", "pull", "--quiet", "--transport", "oci", $"{host.Images}:empty");

        Assert.Equal(1, result.ExitCode);
        Assert.Contains("is not bootable", result.Error);
        Assert.Equal("[]", JsonNode.Parse(host.Run("image", "list", "--format", "json").Succeeded())!.ToJsonString());
    }

    private static string Objects(CliHost host) => string.Join('\n', Directory.GetFiles(Path.Combine(host.Sysroot, "ostree/repo/objects"), "*", SearchOption.AllDirectories).Order());
}
