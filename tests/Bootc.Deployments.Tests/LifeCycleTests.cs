// switch, upgrade and rollback, one after the other, as a user runs them.
using Bootc.Import;
using Bootc.Testing;

namespace Bootc.Deployments.Tests;

public class LifeCycleTests
{
    [Fact]
    public void Switch_upgrade_and_rollback_change_what_boots_next()
    {
        using var host = new TestHost();
        var titles = new List<string>();

        host.Switch(OsImage.Create("1").WriteTo(host.Images));
        titles.Add(Titles(host));
        OsImage.Create("1").WithVersion("2").WriteTo(host.Images);
        host.Upgrade();
        titles.Add(Titles(host));
        host.Rollback();
        titles.Add(Titles(host));
        host.Rollback();
        titles.Add(Titles(host));

        Assert.Equal(
            [
                "Test OS 1 (ostree:0)",
                "Test OS 2 (ostree:0), Test OS 1 (ostree:1)",
                "Test OS 1 (ostree:0), Test OS 2 (ostree:1)",
                "Test OS 2 (ostree:0), Test OS 1 (ostree:1)",
            ],
            titles);
    }

    [Fact]
    public void Upgrade_fetches_only_the_layer_that_changed()
    {
        using var host = new TestHost();
        host.Switch(OsImage.Create("1").WriteTo(host.Images));
        WrittenImage second = OsImage.Create("1").WithVersion("2").WriteTo(host.Images);
        host.Progress.Fetched.Clear();

        OperationOutcome outcome = host.Upgrade();

        Assert.Equal(OperationOutcome.Changed, outcome);
        Assert.Equal([second.LayerDigests[^1]], host.Progress.Fetched);
    }

    [Fact]
    public void Upgrade_without_a_newer_image_changes_nothing()
    {
        using var host = new TestHost();
        host.Switch(OsImage.Create("1").WriteTo(host.Images));

        Assert.Equal(OperationOutcome.Unchanged, host.Upgrade());
    }

    [Fact]
    public void Rollback_between_images_that_look_alike_changes_links_alone()
    {
        using var host = new TestHost();
        host.Switch(OsImage.Create("1").WriteTo(host.Images));
        OsImage.Create("1").AddLayer(layer => layer.File("usr/bin/hello", "echo hi\n", mode: 0x1ED)).WriteTo(host.Images);
        host.Upgrade();
        string[] before = Names(host);
        (string Loader, string Links) was = (Target(host, "boot/loader"), Target(host, $"ostree/boot.{Target(host, "boot/loader")[^1]}"));

        host.Rollback();

        string links = Target(host, $"ostree/boot.{was.Loader[^1]}");
        Assert.Equal(before.Reverse(), Names(host));
        Assert.Equal(was.Loader, Target(host, "boot/loader"));
        Assert.NotEqual(was.Links, links);
        Assert.Equal([$"ostree/{was.Loader[^1]}/{links[^1]}/0", $"ostree/{was.Loader[^1]}/{links[^1]}/1"], Refs(host, "ostree/" + was.Loader[^1]));
    }

    [Fact]
    public void Upgrade_drops_the_oldest_deployment_with_its_kernel_and_content()
    {
        using var host = new TestHost();
        host.Switch(OsImage.Create("1", kernel: "5.1").AddLayer(layer => layer.File("usr/only-in-1", "one")).WriteTo(host.Images));
        OsImage.Create("2", kernel: "5.2").WriteTo(host.Images);
        host.Upgrade();
        OsImage.Create("3", kernel: "5.3").WriteTo(host.Images);

        host.Upgrade();

        Assert.Equal(["Test OS 3 (ostree:0)", "Test OS 2 (ostree:1)"], host.Deployments.Select(deployment => deployment.Entry.Title));
        Assert.Equal(["vmlinuz-5.2", "vmlinuz-5.3"], Directory.GetFiles(host["boot/ostree"], "vmlinuz-*", SearchOption.AllDirectories).Select(Path.GetFileName).Order());
        Assert.Equal(2, Directory.GetDirectories(host["ostree/deploy/default/deploy"]).Length);
        Assert.Equal(2, Directory.GetDirectories(host["ostree/deploy/default/backing"]).Length);
        Assert.DoesNotContain("one", Directory.GetFiles(host["ostree/repo/objects"], "*.file", SearchOption.AllDirectories)
            .Where(path => new FileInfo(path).LinkTarget is null).Select(File.ReadAllText));
    }

    [Fact]
    public void Pinned_deployment_stays()
    {
        using var host = new TestHost();
        host.Switch(OsImage.Create("1").WriteTo(host.Images));
        Pin(host, 0);
        foreach (string version in (string[])["2", "3"])
        {
            OsImage.Create("1").WithVersion(version).WriteTo(host.Images);
            host.Upgrade();
        }

        Assert.Equal(
            [("Test OS 3 (ostree:0)", false), ("Test OS 2 (ostree:1)", false), ("Test OS 1 (ostree:2)", true)],
            host.Deployments.Select(deployment => (deployment.Entry.Title!, deployment.IsPinned)));
    }

    [Fact]
    public void Switch_forgets_the_image_before_unless_it_is_retained()
    {
        using var host = new TestHost();
        host.Switch(OsImage.Create("1").WriteTo(host.Images, "one"));
        host.Switch(OsImage.Create("2").WriteTo(host.Images, "two"), retain: true);
        string[] retained = Images(host);
        host.Switch(OsImage.Create("3").WriteTo(host.Images, "three"));

        Assert.Equal([$"oci:{host.Images}:one", $"oci:{host.Images}:two"], retained);
        Assert.Equal([$"oci:{host.Images}:one", $"oci:{host.Images}:three"], Images(host));
        Assert.Equal(2, host.Deployments.Count);
    }

    [Fact]
    public void Switch_to_the_same_image_changes_nothing()
    {
        using var host = new TestHost();
        WrittenImage image = OsImage.Create("1").WriteTo(host.Images);
        host.Switch(image);
        string before = host.State;

        Assert.Equal(OperationOutcome.Unchanged, host.Switch(image));
        Assert.Equal(before, host.State);
    }

    [Fact]
    public void Deployments_of_other_stateroots_stay()
    {
        using var host = new TestHost("first");
        host.Switch(OsImage.Create("1").WriteTo(host.Images));
        Sysroot.Initialize(host.Path, "second");
        using (Sysroot sysroot = Sysroot.Open(host.Path))
        {
            Deployment first = sysroot.Default!;
            Deployment made = sysroot.Deploy(new DeployRequest { Stateroot = "second", Commit = first.Commit, Origin = first.Origin });
            sysroot.WriteDeployments(sysroot.ListWith(made, merge: null, retain: false));
            sysroot.CleanUp();
        }

        OsImage.Create("1").WithVersion("2").WriteTo(host.Images);
        host.Upgrade();
        OsImage.Create("1").WithVersion("3").WriteTo(host.Images);
        host.Upgrade();

        Assert.Equal(
            ["Test OS 3 (ostree:second:0)", "Test OS 2 (ostree:second:1)", "Test OS 1 (ostree:first:2)"],
            host.Deployments.Select(deployment => deployment.Entry.Title));
    }

    [Fact]
    public void Kernel_arguments_and_var_go_with_the_host_not_the_image()
    {
        using var host = new TestHost();
        host.Switch(OsImage.Create("1").WriteTo(host.Images));
        using (Sysroot sysroot = Sysroot.Open(host.Path))
        {
            Deployment first = sysroot.Default!;
            Deployment made = sysroot.Deploy(new DeployRequest { Stateroot = "default", Commit = first.Commit, Origin = first.Origin, Merge = first, KernelArguments = ["root=UUID=1-2", "rw", "init=\"/a b\""] });
            sysroot.WriteDeployments([made]);
        }

        File.WriteAllText(host["ostree/deploy/default/var/lib/seed"], "changed here");
        OsImage.Create("1", kernel: "7.7").AddLayer(layer => layer.File("var/lib/seed", "of the new image")).WriteTo(host.Images);

        host.Upgrade();

        Assert.All(host.Deployments, deployment => Assert.Matches("^root=UUID=1-2 rw init=\"/a b\" ostree=/ostree/boot\\.[01]/default/[0-9a-f]{64}/0$", deployment.Entry.Options));
        Assert.Equal("changed here", File.ReadAllText(host["ostree/deploy/default/var/lib/seed"]));
    }

    [Fact]
    public void Clean_up_removes_leftovers_and_nothing_else()
    {
        using var host = new TestHost();
        host.Switch(OsImage.Create("1").WriteTo(host.Images));
        string sum = new('a', 64);
        string[] others = ["boot/efi/EFI/a.efi", "boot/grub/grub.cfg", "boot/ostree/notes/n", "boot/loader.conf", "ostree/deploy/default/deploy/notes", "ostree/deploy/default/var/log/x", "ostree/extensions/e"];
        string[] leftovers = [$"boot/ostree/default-{sum}/vmlinuz", "boot/loader.0/entries/ostree-1.conf", $"ostree/deploy/default/deploy/{sum}.0/usr/f", $"ostree/deploy/default/deploy/{sum}.0.origin", $"ostree/deploy/default/backing/{sum}.0/f", "ostree/boot.0.1/x"];
        foreach (string name in others.Concat(leftovers))
        {
            Directory.CreateDirectory(Path.GetDirectoryName(host[name])!);
            File.WriteAllText(host[name], name);
        }

        File.CreateSymbolicLink(host["boot/loader.tmp"], "loader.0");
        using (Sysroot sysroot = Sysroot.Open(host.Path))
        {
            sysroot.Repository.SetRef("mine", sysroot.Default!.Commit);

            sysroot.CleanUp();

            Assert.Equal(sysroot.Default.Commit, sysroot.Repository.TryResolveRef("mine"));
        }

        Assert.Equal("loader.1", Target(host, "boot/loader"));
        Assert.All(others, name => Assert.Equal(name, File.ReadAllText(host[name])));
        Assert.All(leftovers, name => Assert.False(Path.Exists(host[name]), name));
        Assert.False(Path.Exists(host["boot/loader.tmp"]) || new FileInfo(host["boot/loader.tmp"]).LinkTarget is not null);
        Assert.False(Directory.Exists(host[$"boot/ostree/default-{sum}"]));
    }

    [Fact]
    public void Rollback_without_a_second_deployment_is_refused()
    {
        using var host = new TestHost();
        host.Switch(OsImage.Create("1").WriteTo(host.Images));
        string before = host.State;

        var refusal = Assert.Throws<DeploymentException>(() => host.Rollback());

        Assert.Equal($"there is no deployment to fall back to on {host.Path}", refusal.Message);
        Assert.Equal(before, host.State);
    }

    private static void Pin(TestHost host, int index)
    {
        using Sysroot sysroot = Sysroot.Open(host.Path);
        sysroot.Deployments[index].Origin.IsPinned = true;
        sysroot.WriteOrigin(sysroot.Deployments[index]);
    }

    private static string Target(TestHost host, string link) => new FileInfo(host[link]).LinkTarget!;

    private static string[] Names(TestHost host) => [.. host.Deployments.Select(deployment => deployment.DirectoryName)];

    private static string[] Refs(TestHost host, string prefix)
    {
        using Sysroot sysroot = Sysroot.Open(host.Path);
        return [.. sysroot.Repository.ListRefs(prefix).Select(entry => entry.Key).Order(StringComparer.Ordinal)];
    }

    private static string[] Images(TestHost host)
    {
        using Sysroot sysroot = Sysroot.Open(host.Path);
        return [.. ImageStore.ListImages(sysroot.Repository).Select(image => image.ToString()).Order(StringComparer.Ordinal)];
    }

    private static string Titles(TestHost host) => string.Join(", ", host.Deployments.Select(deployment => deployment.Entry.Title));
}
