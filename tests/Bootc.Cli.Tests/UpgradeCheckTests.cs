// `upgrade --check`: what an update would bring.
using Bootc.Testing;

namespace Bootc.Cli.Tests;

public class UpgradeCheckTests
{
    [Fact]
    public void No_update()
    {
        using var host = new CliHost();
        host.Publish("1");
        host.Switch("--quiet").Succeeded();

        Golden.Check("check-none", host.Run("upgrade", "--check").Succeeded());
    }

    [Fact]
    public void An_update_that_is_not_fetched_yet()
    {
        using var host = new CliHost();
        Publish(host, "1", [("base-files", "13"), ("curl", "8.0-1"), ("vim", "9.1")]);
        host.Switch("--quiet").Succeeded();
        Publish(host, "2", [("base-files", "13"), ("curl", "8.1-1"), ("nano", "8.2")]);

        string before = host.Run("status", "--format", "json").Succeeded();
        Golden.Check("check-update", host.Run("upgrade", "--check").Succeeded());
        Assert.NotEqual(before, host.Run("status", "--format", "json").Succeeded()); // it remembers what it saw
    }

    [Fact]
    public void An_update_that_is_fetched_is_compared_by_its_packages()
    {
        using var host = new CliHost();
        Publish(host, "1", [("base-files", "13"), ("curl", "8.0-1"), ("vim", "9.1")]);
        host.Switch("--quiet").Succeeded();
        Publish(host, "2", [("base-files", "13"), ("curl", "8.1-1"), ("nano", "8.2")]);
        host.Run("upgrade", "--download-only", "--quiet").Succeeded();

        Golden.Check("check-downloaded", host.Run("upgrade", "--check").Succeeded());
        Golden.Check("upgrade-from-downloaded", host.Run("upgrade", "--from-downloaded").Succeeded());
    }

    // Packages as dpkg keeps them in an image that has no /var.
    private static void Publish(CliHost host, string version, (string Name, string Version)[] packages)
    {
        OsImage image = CliHost.Image(version).AddLayer(layer => layer.Directory("var/lib/dpkg").File(
            "var/lib/dpkg/status",
            string.Concat(packages.Select(package => $"Package: {package.Name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: {package.Version}\n\n"))));
        foreach (OsLayer layer in image.Layers)
        {
            layer.IsCompressed = false; // sizes are the same with every zlib
        }

        image.WriteTo(host.Images);
    }
}
