// Images that an OS image binds: podman fetches them from a real registry and runs on what is there.
using System.Text.Json.Nodes;
using Bootc.Deployments.Bound;
using Bootc.Testing;

namespace Bootc.Deployments.Tests;

public sealed class BoundImagesTests : IDisposable
{
    private readonly TestDirectory _directory = new("bound");
    private readonly Dictionary<string, string> _environment = [];
    private TestHost? _host;
    private RealRegistry? _registry;

    private TestHost Host => _host ??= new TestHost();

    private string Registry => (_registry ??= new RealRegistry(_directory)).Address;

    private string Store => Host["ostree/bootc/storage"];

    public void Dispose()
    {
        _registry?.Dispose();
        _host?.Dispose();
        _directory.Dispose();
    }

    [Theory]
    [InlineData("[Image]\nImage=quay.io/a/b:1\n", "x.image", "quay.io/a/b:1")]
    [InlineData("# Image=no\n[Unit]\nImage=no\n[Container]\nExec=sleep \\\n  Image=no\nImage=quay.io/a/b:1\nImage = quay.io/a/b@sha256:00 \n", "x.container", "quay.io/a/b@sha256:00")]
    [InlineData("[Image]\nImage=%%quay.io/a%%/b%%", "x.image", "%quay.io/a%/b%")]
    public void An_image_is_named_by_a_file_of_quadlet(string text, string path, string image) => Assert.Equal(new BoundImage(image, path), BoundImages.Parse(text, path));

    [Theory]
    [InlineData("[Image]\nImage=quay.io/a/b:%i\n", "x.image", "x.image names the image 'quay.io/a/b:%i': specifiers of systemd are not supported for bound images")]
    [InlineData("[Image]\nImage=quay.io/a/b%\n", "x.image", "x.image names the image 'quay.io/a/b%': specifiers of systemd are not supported for bound images")]
    [InlineData("[Image]\nImage=--help\n", "x.image", "x.image names the image '--help', which is no name of an image")]
    [InlineData("[Image]\n", "x.image", "x.image has no Image in [Image]")]
    [InlineData("[Image]\nImage=a\nImage=\n", "x.image", "x.image has no Image in [Image]")]
    [InlineData("[Image]\nImage=quay.io/a/b:1\n", "x.container", "x.container has no Image in [Container]")]
    [InlineData("[Image]\nImage=quay.io/a/b:1\nAuthFile=/etc/a.json\n", "x.image", "x.image has AuthFile, which is not supported for bound images: the host's own credentials are used")]
    [InlineData("[Image]\nImage=quay.io/a/b:1\n", "x.volume", "x.volume is neither an .image nor a .container file")]
    public void What_names_none_says_why(string text, string path, string error) => Assert.Equal(error, Assert.Throws<BoundImageException>(() => BoundImages.Parse(text, path)).Message);

    [Fact]
    public void Bound_images_come_with_an_image_and_go_with_the_last_deployment_that_binds_them()
    {
        Prepare();
        string one = PublishApp("one"), two = PublishApp("two"), three = PublishApp("three");
        Publish("1", layer => layer
            .File("usr/share/containers/systemd/one.image", $"[Image]\nImage={one}\n").SymbolicLink("usr/lib/bootc/bound-images.d/one.image", "/usr/share/containers/systemd/one.image")
            .Directory("etc/containers").Directory("etc/containers/systemd").File("etc/containers/systemd/two.container", $"[Container]\nImage={two}\n").SymbolicLink("usr/lib/bootc/bound-images.d/two.container", "/etc/containers/systemd/two.container"));

        Bootc("switch", "--quiet", "--transport", "oci", $"{Host.Images}:latest").Succeeded();
        Assert.Equal([one, two], Stored());
        Assert.Equal("the app one\n", ReadApp(one));
        JsonArray listed = JsonNode.Parse(Bootc("image", "list", "--type", "logical", "--format", "json").Succeeded())!.AsArray();
        Assert.Equal([(one, "logical"), (two, "logical")], listed.Select(image => ((string)image!["image"]!, (string)image["image_type"]!)));
        Assert.Contains($"oci:{Host.Images}:latest  host\n{one.PadRight($"oci:{Host.Images}:latest".Length)}  logical\n", Bootc("image", "list").Succeeded());

        // What the deployment to fall back to binds stays; what none binds goes.
        Publish("2", layer => layer.File("usr/share/containers/systemd/three.image", $"[Image]\nImage={three}\n").SymbolicLink("usr/lib/bootc/bound-images.d/three.image", "../../../share/containers/systemd/three.image"));
        Bootc("upgrade", "--quiet").Succeeded();
        Assert.Equal([one, three, two], Stored());
        Publish("3", layer => layer.File("usr/share/containers/systemd/three.image", $"[Image]\nImage={three}\n").SymbolicLink("usr/lib/bootc/bound-images.d/three.image", "../../../share/containers/systemd/three.image"));
        Bootc("upgrade", "--quiet").Succeeded();
        Assert.Equal([three], Stored());
        Host.AssertSound();
    }

    [Fact]
    public void The_store_of_a_host_with_a_policy_has_the_labels_of_podmans_own()
    {
        Prepare();
        Peer.Require("getfattr");
        string one = PublishApp("one");
        Publish("1", layer => layer
            .File("usr/share/containers/systemd/one.image", $"[Image]\nImage={one}\n").SymbolicLink("usr/lib/bootc/bound-images.d/one.image", "/usr/share/containers/systemd/one.image")
            .File("etc/selinux/config", "SELINUX=enforcing\nSELINUXTYPE=targeted\n").File("etc/selinux/targeted/policy/policy.33", "policy")
            .File("etc/selinux/targeted/contexts/files/file_contexts", """
                /.*	system_u:object_r:default_t:s0
                /var/lib/containers/storage(/.*)?	system_u:object_r:container_var_lib_t:s0
                /var/lib/containers/storage/overlay(/.*)?	system_u:object_r:container_ro_file_t:s0
                """));

        Bootc("switch", "--quiet", "--transport", "oci", $"{Host.Images}:latest").Succeeded();

        Assert.Equal([one], Stored());
        Assert.Equal("system_u:object_r:container_var_lib_t:s0\0", Label(Store));
        Assert.Equal("system_u:object_r:container_var_lib_t:s0\0", Label(Path.Combine(Store, "overlay-images")));
        Assert.Equal("system_u:object_r:container_ro_file_t:s0\0", Label(Path.Combine(Store, "overlay")));

        static string Label(string path) => Peer.Run("getfattr", "--only-values", "--absolute-names", "-n", "security.selinux", path).Succeeded();
    }

    [Fact]
    public void A_document_binds_images_besides_those_of_the_image()
    {
        Prepare();
        string one = PublishApp("one"), two = PublishApp("two");
        Publish("1", layer => layer.File("usr/share/containers/systemd/one.image", $"[Image]\nImage={one}\n").SymbolicLink("usr/lib/bootc/bound-images.d/one.image", "/usr/share/containers/systemd/one.image"));
        Bootc("switch", "--quiet", "--transport", "oci", $"{Host.Images}:latest").Succeeded();
        string commit = Host.Deployments[0].DirectoryName;

        Bootc("edit", "-f", Document(two)).Succeeded();
        Assert.Equal([one, two], Stored());
        Assert.Equal(commit, Host.Deployments[0].DirectoryName); // nothing boots for it
        Assert.Equal($"{two};", Host.Deployments[0].Origin.File.GetString("bootc", "bound-images"));
        Assert.Contains($"{two}  logical\n", Bootc("image", "list", "--type", "logical").Succeeded());
        CommandResult refused = Bootc("edit", "-f", Document($"{Registry}/apps/gone:1"));
        Assert.Contains($"error: the bound image {Registry}/apps/gone:1 (asked for on this host) cannot be fetched: ", refused.Error);

        // It comes along with the next image, and goes when it is not asked for any more.
        Publish("2", layer => layer);
        Bootc("upgrade", "--quiet").Succeeded();
        Publish("3", layer => layer);
        Bootc("upgrade", "--quiet").Succeeded();
        Assert.Equal([two], Stored());
        Bootc("edit", "-f", Document()).Succeeded();
        Assert.Equal([two], Stored()); // the deployment to fall back to wants it
        Publish("4", layer => layer);
        Bootc("upgrade", "--quiet").Succeeded();
        Assert.Empty(Stored());
        Assert.False(Host.Deployments[0].Origin.File.HasGroup("bootc"));

        string Document(params string[] images) => _directory.Write(
            "host.yaml", $"apiVersion: org.containers.bootc/v1\nkind: BootcHost\nmetadata: {{name: host}}\nspec:\n  image: {{image: '{Host.Images}:latest', transport: oci}}\n  boundImages: [{string.Join(", ", images.Select(image => $"'{image}'"))}]\n");
    }

    [Fact]
    public void An_image_whose_bound_image_cannot_be_had_is_not_deployed()
    {
        Prepare();
        Publish("1", layer => layer);
        Bootc("switch", "--quiet", "--transport", "oci", $"{Host.Images}:latest").Succeeded();
        string before = WithoutStore(Host.State);
        string gone = $"{Registry}/apps/gone:1";
        Publish("2", layer => layer.File("usr/share/containers/systemd/gone.image", $"[Image]\nImage={gone}\n").SymbolicLink("usr/lib/bootc/bound-images.d/gone.image", "/usr/share/containers/systemd/gone.image"));

        CommandResult upgrade = Bootc("upgrade", "--quiet");

        Assert.Equal(1, upgrade.ExitCode);
        Assert.StartsWith($"error: the bound image {gone} (/usr/lib/bootc/bound-images.d/gone.image) cannot be fetched: ", upgrade.Error);
        Assert.Contains("manifest unknown", upgrade.Error);
        Assert.Equal(before, WithoutStore(Host.State));

        _environment["PATH"] = _directory.Path;
        upgrade = Bootc("upgrade", "--quiet");
        Assert.Equal((1, $"error: the host binds {gone}, which podman fetches, and there is no podman on this host\n"), (upgrade.ExitCode, upgrade.Error));
        Publish("2", layer => layer.SymbolicLink("usr/lib/bootc/bound-images.d/x.image", "/nowhere.image"));
        Assert.Equal("error: /usr/lib/bootc/bound-images.d/x.image leads to /nowhere.image, which is not in the image\n", Bootc("upgrade", "--quiet").Error);
        Publish("2", layer => layer.File("usr/lib/bootc/bound-images.d/x.image", "[Image]\nImage=a\n"));
        Assert.Equal("error: /usr/lib/bootc/bound-images.d/x.image is no symbolic link to a file of quadlet\n", Bootc("upgrade", "--quiet").Error);
        Assert.Equal(before, WithoutStore(Host.State));
    }

    [Fact]
    public void On_a_running_host_they_are_there_before_the_deployment_is_staged()
    {
        Prepare();
        string one = PublishApp("one");
        Publish("1", layer => layer);
        using var images = new LayoutRegistry(Host.Images);
        Bootc("switch", "--quiet", $"{images.Address}/os/image:latest").Succeeded();
        var booted = new BootedHost(Host);
        Directory.CreateDirectory(Host["etc/containers"]);
        File.Copy("/etc/containers/policy.json", Host["etc/containers/policy.json"]);
        File.Copy(_environment["CONTAINERS_REGISTRIES_CONF"], Host["etc/containers/registries.conf"]);
        Publish("2", layer => layer.File("usr/share/containers/systemd/one.image", $"[Image]\nImage={one}\n").SymbolicLink("usr/lib/bootc/bound-images.d/one.image", "/usr/share/containers/systemd/one.image"));

        booted.Bootc("upgrade", "--quiet").Succeeded();

        Assert.Equal([one], Stored());
        Assert.NotNull(JsonNode.Parse(booted.Bootc("status", "--format", "json").Succeeded())!["status"]!["staged"]);
    }

    // podman that is not the project's, with settings of the test's.
    private void Prepare()
    {
        Peer.Require("podman", "skopeo");
        Peer.RequireRoot("podman keeps the images of the host");
        string address = Registry;
        _environment["CONTAINERS_REGISTRIES_CONF"] = _directory.Write("registries.conf", $"[[registry]]\nlocation = \"{address}\"\ninsecure = true\n");
        CommandResult podman = Podman("info");
        Assert.SkipUnless(podman.ExitCode == 0, $"podman cannot run here: {podman.Error}");
    }

    private void Publish(string version, Func<OsLayer, OsLayer> fill) => OsImage.Create("1")
        .AddLayer(layer => fill(layer.Directory("usr/lib/bootc").Directory("usr/lib/bootc/bound-images.d").Directory("usr/share").Directory("usr/share/containers").Directory("usr/share/containers/systemd")))
        .WithVersion(version).WriteTo(Host.Images);

    private string PublishApp(string name)
    {
        var app = new OsImage().AddLayer(layer => layer.File("app", $"the app {name}\n"));
        app.Labels.Clear();
        Peer.Run("skopeo", "--insecure-policy", "copy", "-q", "--dest-tls-verify=false", app.WriteTo(_directory["apps"], name).Reference, $"docker://{Registry}/apps/{name}:1").Succeeded();
        return $"{Registry}/apps/{name}:1";
    }

    // As containers use the store: beside one of podman's own.
    private CommandResult Podman(params string[] arguments) => Peer.Run(
        "podman", ["--root", _directory["podman/root"], "--runroot", _directory["podman/run"], .. Directory.Exists(Store) ? ["--storage-opt", $"additionalimagestore={Store}"] : Array.Empty<string>(), .. arguments], null, _environment);

    private string[] Stored() => [.. Podman("images", "--format", "{{.Repository}}:{{.Tag}}").Succeeded().Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal)];

    // A container of it, made and looked into.
    private string ReadApp(string image)
    {
        string container = Podman("create", image, "/app").Succeeded().Trim(), copy = _directory["app"];
        Podman("cp", $"{container}:/app", copy).Succeeded();
        Podman("rm", container).Succeeded();
        return File.ReadAllText(copy);
    }

    // An empty store may be left of what could not be fetched.
    private static string WithoutStore(string state) => string.Join('\n', state.Split('\n').Where(line => !line.Contains("ostree/bootc", StringComparison.Ordinal)));

    private CommandResult Bootc(params string[] arguments) => Peer.Run(BootcProgram.Executable, [.. arguments, "--sysroot", Host.Path], null, _environment);
}
