// bootc container: what a build sees of it.
using Bootc.Testing;

namespace Bootc.Cli.Tests;

public sealed class ContainerTests : IDisposable
{
    private readonly TestDirectory _root = new("container");

    public ContainerTests()
    {
        Peer.Run("sh", "-c", $"cd '{_root.Path}'; mkdir dev proc run sys tmp var boot sysroot etc; ln -s sysroot/ostree ostree").Succeeded();
        _root.Write("usr/lib/modules/6.1+os/vmlinuz", "kernel");
        _root.Write("usr/lib/ostree/prepare-root.conf", "[composefs]\nenabled = true\n");
    }

    public void Dispose() => _root.Dispose();

    [Fact]
    public void Good_image()
    {
        CommandResult result = Lint();

        Assert.Equal((0, "Checks passed: 13\nChecks skipped: 1\n", ""), (result.ExitCode, result.Output, result.Error));
    }

    [Fact]
    public void Warnings_fail_only_where_they_shall()
    {
        Peer.Run("sh", "-c", $"cd '{_root.Path}'; touch tmp/1 tmp/2 tmp/3 tmp/4 tmp/5 tmp/6 tmp/7").Succeeded();
        const string warning = "Lint warning: nonempty-run-tmp: there is something in /run or /tmp:\n  /tmp/1\n  /tmp/2\n  /tmp/3\n  /tmp/4\n  /tmp/5\n";

        CommandResult lenient = Lint();
        CommandResult strict = Lint("--fatal-warnings", "--no-truncate");
        CommandResult skipped = Lint("--fatal-warnings", "--skip", "nonempty-run-tmp", "--skip", "var-log");

        Assert.Equal((0, $"{warning}  ...and 2 more\nChecks passed: 12\nChecks skipped: 1\nWarnings: 1\n", ""), (lenient.ExitCode, lenient.Output, lenient.Error));
        Assert.Equal((1, $"{warning}  /tmp/6\n  /tmp/7\nChecks passed: 12\nChecks skipped: 1\nWarnings: 1\n", "error: Checks failed: 1\n"), (strict.ExitCode, strict.Output, strict.Error));
        Assert.Equal((0, "Checks passed: 11\nChecks skipped: 3\n", ""), (skipped.ExitCode, skipped.Output, skipped.Error));
    }

    [Fact]
    public void Mistake_fails()
    {
        Directory.CreateDirectory(_root["usr/etc"]);

        CommandResult result = Lint("--skip", "none-such");

        Assert.Equal(
            (1, "Failed lint: etc-usretc: there is /usr/etc beside /etc\nChecks passed: 12\nChecks skipped: 1\n", "there is no check 'none-such' that could be skipped\nerror: Checks failed: 1\n"),
            (result.ExitCode, result.Output, result.Error));
    }

    [Fact]
    public void Checks_are_listed()
    {
        string list = CliHost.Bootc("container", "lint", "--list").Succeeded();

        Assert.StartsWith("- name: api-base-directories\n  type: fatal\n  description: ", list);
        Assert.Contains("\n  root_type: Running\n", list);
        Assert.Equal(14, list.Split("- name: ").Length - 1);
    }

    [Fact]
    public void Kernel_and_arguments_are_shown()
    {
        _root.Write("usr/lib/bootc/kargs.d/10.toml", "kargs = [\"console=ttyS0 nosmt\", \"quiet\"]");

        string json = Inspect("--json");
        string yaml = Inspect("--format=yaml");
        string human = Inspect();
        _root.Write("boot/EFI/Linux/6.2-uki.efi", "");
        string unified = Inspect("--format", "json");

        Assert.Equal("{\"kargs\":[\"console=ttyS0\",\"nosmt\",\"quiet\"],\"kernel\":{\"version\":\"6.1+os\",\"unified\":false}}\n", json);
        Assert.Equal("kargs:\n- console=ttyS0\n- nosmt\n- quiet\nkernel:\n  version: \"6.1+os\"\n  unified: false\n", yaml);
        Assert.Equal("Kernel: 6.1+os\n  Type: vmlinuz\n Kargs: console=ttyS0 nosmt quiet\n", human);
        Assert.EndsWith("\"kernel\":{\"version\":\"6.2-uki\",\"unified\":true}}\n", unified);
    }

    [Fact]
    public void Image_without_kernel()
    {
        Directory.Delete(_root["usr/lib/modules"], recursive: true);

        Assert.Equal("{\"kargs\":[],\"kernel\":null}\n", Inspect("--json"));
        Assert.Equal("Kernel: <none>\n Kargs: <none>\n", Inspect());
    }

    private CommandResult Lint(params string[] options) => CliHost.Bootc(["container", "lint", "--rootfs", _root.Path, .. options]);

    private string Inspect(params string[] options) => CliHost.Bootc(["container", "inspect", "--rootfs", _root.Path, .. options]).Succeeded();
}
