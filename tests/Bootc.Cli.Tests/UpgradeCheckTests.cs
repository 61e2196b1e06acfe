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

    [Fact]
    public void An_update_of_whose_layer_most_is_there_already()
    {
        Oracle.Require();
        using var host = new CliHost();
        PublishChunked(host, "1");
        using var registry = new LayoutRegistry(host["chunked"]);
        host.Run("switch", "--quiet", $"{registry.Address}/os/image:latest").Succeeded();
        PublishChunked(host, "2");
        long before = registry.BlobBytes;

        string check = host.Run("upgrade", "--check").Succeeded();
        string told = host.Run("upgrade").Error;

        Assert.Matches(@"Layers:  1 to fetch \([0-9.]+ kB\), 0 reused \(0 B\)\n    sha256:[0-9a-f]{12}  [0-9.]+ kB to fetch, 1\.[0-9] MB reused\n", check);
        Assert.Matches(@"^layers already present: 0; layers to fetch: 1 \([0-9.]+ kB, 1\.[0-9] MB reused\)\n", told);
        Assert.InRange(registry.BlobBytes - before, 1, 200_000);
    }

    private static void PublishChunked(CliHost host, string version)
    {
        var random = new Random(1);
        OsImage image = new OsImage().AddLayer(layer =>
        {
            layer.Directory("usr").Directory("usr/lib").File("usr/lib/os-release", $"ID=test\nVERSION_ID={version}\n")
                .Directory("usr/lib/modules").Directory("usr/lib/modules/6.0").File("usr/lib/modules/6.0/vmlinuz", "kernel").File("usr/lib/modules/6.0/initramfs.img", "initramfs");
            for (int i = 0; i < 100; i++)
            {
                byte[] content = new byte[15_000];
                random.NextBytes(content);
                content[0] = i % 50 == 7 ? (byte)version[0] : content[0];
                layer.File($"usr/lib/{i}", content);
            }
        });
        image.WriteTo(host["plain"]);
        Oracle.Run("skopeo", "--insecure-policy", "copy", "-q", "--dest-compress-format", "zstd:chunked", $"oci:{host["plain"]}:latest", $"oci:{host["chunked"]}:latest").Succeeded();
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
