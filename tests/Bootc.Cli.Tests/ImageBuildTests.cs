// image build in an engine, and a host that follows what is built there.
using Bootc.Testing;

namespace Bootc.Cli.Tests;

public sealed class ImageBuildTests : IDisposable
{
    private readonly TestDirectory _directory = new("cli");

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void What_is_built_is_booted_next_and_upgraded()
    {
        using var host = new CliHost();
        using var podman = new PodmanService(_directory);
        WrittenImage image = OsImage.Create("1").WriteTo(_directory["image"]);
        podman.Run("pull", "-q", image.Reference).Succeeded();
        podman.Run("tag", podman.Run("images", "-q").Succeeded().Trim(), "localhost/base:1").Succeeded();
        _directory.Write("c/Containerfile", "FROM localhost/base:1\nCOPY app /usr/bin/app\n");
        _directory.Write("c/app", "one");
        var environment = new Dictionary<string, string> { ["CONTAINER_HOST"] = podman.Address };

        CommandResult built = Peer.Run(CliHost.Executable, ["image", "build", "-t", "localhost/os:dev", _directory["c"]], null, environment);
        CommandResult switched = Peer.Run(CliHost.Executable, ["switch", "--transport", "docker-daemon", "localhost/os:dev", "--sysroot", host.Sysroot], null, environment);
        CommandResult nothing = Peer.Run(CliHost.Executable, ["upgrade", "--sysroot", host.Sysroot], null, environment);
        _directory.Write("c/app", "two");
        CommandResult quiet = Peer.Run(CliHost.Executable, ["image", "build", "-q", "-t", "localhost/os:dev", _directory["c"]], null, environment);
        CommandResult upgraded = Peer.Run(CliHost.Executable, ["upgrade", "--sysroot", host.Sysroot], null, environment);

        Assert.Contains("STEP 2/2: COPY app /usr/bin/app", built.Succeeded());
        Assert.Contains("\nBuilt: localhost/os:dev (", built.Output);
        Assert.Contains("Boot it with 'bootc switch --transport docker-daemon localhost/os:dev'", built.Output);
        Assert.StartsWith("Deployed: docker-daemon:localhost/os:dev", switched.Succeeded());
        Assert.StartsWith("No changes in docker-daemon:localhost/os:dev => sha256:", nothing.Succeeded());
        Assert.Matches("^(sha256:)?[0-9a-f]{12,64}\n$", quiet.Succeeded());
        Assert.StartsWith("Deployed: docker-daemon:localhost/os:dev", upgraded.Succeeded());
        string[] apps = Directory.GetFiles(Path.Combine(host.Sysroot, "ostree/deploy/default/deploy"), "app", SearchOption.AllDirectories);
        Assert.Equal(["one", "two"], apps.Where(app => app.EndsWith("usr/bin/app")).Select(File.ReadAllText).Order());
    }

    // With no registry, from the store of the host alone.
    [Fact]
    public void What_the_host_runs_is_given_to_the_engine_and_built_on()
    {
        using var host = new CliHost();
        using var podman = new PodmanService(_directory);
        host.Publish("1");
        host.Switch("--quiet").Succeeded();
        Directory.Delete(host.Images, recursive: true);
        _directory.Write("c/Containerfile", "FROM localhost/bootc\nCOPY app /usr/bin/app\n");
        _directory.Write("c/app", "one");
        var environment = new Dictionary<string, string> { ["CONTAINER_HOST"] = podman.Address };

        CommandResult copied = Peer.Run(CliHost.Executable, ["image", "copy-to-storage", "--sysroot", host.Sysroot], null, environment);
        CommandResult again = Peer.Run(CliHost.Executable, ["image", "copy-to-storage", "--target", "localhost/again:1", "--sysroot", host.Sysroot], null, environment);
        Peer.Run(CliHost.Executable, ["image", "build", "-q", "-t", "localhost/os:dev", _directory["c"]], null, environment).Succeeded();
        CommandResult switched = Peer.Run(CliHost.Executable, ["switch", "--transport", "docker-daemon", "localhost/os:dev", "--sysroot", host.Sysroot], null, environment);

        Assert.Contains($"Copied: oci:{host.Images}:latest to localhost/bootc:latest\n", copied.Succeeded());
        again.Succeeded();
        Assert.Equal(
            podman.Run("image", "inspect", "--format={{.Id}}", "localhost/bootc").Succeeded(),
            podman.Run("image", "inspect", "--format={{.Id}}", "localhost/again:1").Succeeded());
        Assert.Equal("1\n", podman.Run("image", "inspect", "--format={{index .Labels \"containers.bootc\"}}", "localhost/bootc").Succeeded());
        string root = podman.Run("image", "mount", "localhost/bootc").Succeeded().Trim();
        Assert.Equal("Welcome\n", File.ReadAllText(Path.Combine(root, "etc/motd")));
        Assert.StartsWith("Deployed: docker-daemon:localhost/os:dev", switched.Succeeded());
    }

    [Fact]
    public void Without_an_engine_it_is_said_how_to_have_one()
    {
        Assert.SkipWhen(File.Exists("/run/docker.sock") || File.Exists("/run/podman/podman.sock"), "this machine has a container engine");

        CommandResult result = CliHost.Bootc("image", "build", _directory.Path);

        Assert.Equal((1, "error: there is no container engine at /run/docker.sock, /run/podman/podman.sock: start Docker, or podman by 'systemctl start podman.socket', or set DOCKER_HOST\n"), (result.ExitCode, result.Error));
    }
}
