// What we deploy is what libostree deploys of the same commit, and each works on what the other made.
using Bootc.Testing;

namespace Bootc.Deployments.Tests;

public class LibostreeDeployTests
{
    private const string Lock = "ostree/lock";
    private const string Repository = "ostree/repo";

    // By this libostree remembers that it gave /var its SELinux labels. Without a policy we give none, and do not say so.
    private const string LabelStamp = "ostree/deploy/default/var/.ostree-selabeled";

    // With fs-verity demanded, libostree names digests in its image on any file system.
    private static OsImage Image(string version) => OsImage.Create("1")
        .AddLayer(layer => layer
            .File("usr/lib/ostree/prepare-root.conf", "[composefs]\nenabled = verity\n")
            .File("usr/bin/tool", new byte[100_000], mode: 0x9ED, attributes: new Dictionary<string, string> { ["user.note"] = "kept" })
            .HardLink("usr/bin/tool-too", "usr/bin/tool").SymbolicLink("usr/bin/sh", "hello").File("usr/lib/empty", ""))
        .WithVersion(version);

    [Theory]
    [InlineData("usr/lib/tmpfiles.d/var.conf")]
    [InlineData("usr/lib/else")]
    public void First_deployment_equals_that_of_libostree(string file)
    {
        Oracle.Require();
        using var ours = new TestHost();
        using var theirs = new TestHost();

        ours.Switch(Image("1").AddLayer(layer => layer.File(file, "")).WriteTo(ours.Images));
        DeployByLibostree(ours, theirs);

        Assert.Equal(TreeListing.Of(theirs.Path, Repository, Lock, LabelStamp), TreeListing.Of(ours.Path, Repository, Lock));
        Assert.Equal(Immutable(theirs), Immutable(ours));
    }

    [Fact]
    public void Deployment_of_an_image_with_a_policy_has_the_labels_of_libostrees()
    {
        Oracle.Require();
        using var ours = new TestHost();
        using var theirs = new TestHost();

        ours.Switch(Image("1").AddLayer(layer => layer
            .File("etc/selinux/config", "SELINUX=enforcing\nSELINUXTYPE=targeted\n").File("etc/selinux/targeted/policy/policy.33", "policy")
            .File("etc/selinux/targeted/contexts/files/file_contexts.subs_dist", "/usr/etc /etc\n")
            .File("etc/selinux/targeted/contexts/files/file_contexts", """
                /.*	system_u:object_r:default_t:s0
                /	-d	system_u:object_r:root_t:s0
                /boot(/.*)?	system_u:object_r:boot_t:s0
                /etc(/.*)?	system_u:object_r:etc_t:s0
                /usr(/.*)?	system_u:object_r:usr_t:s0
                /var(/.*)?	system_u:object_r:var_t:s0
                """)).WriteTo(ours.Images));
        DeployByLibostree(ours, theirs);

        Assert.Equal(TreeListing.Of(theirs.Path, Repository, Lock), TreeListing.Of(ours.Path, Repository, Lock));
        Assert.Equal(LabelsOfVar(theirs), LabelsOfVar(ours));
        Assert.Contains("system_u:object_r:etc_t:s0", Peer.Run("sh", "-c", $"getfattr -n security.selinux {ours.Path}/ostree/deploy/default/deploy/*/etc/motd").Succeeded());
    }

    [Fact]
    public void What_all_entries_but_the_default_shall_have_is_where_libostree_puts_it()
    {
        Oracle.Require();
        using var ours = new TestHost();
        using var theirs = new TestHost();
        ours.Switch(Image("1").WriteTo(ours.Images));
        DeployByLibostree(ours, theirs);
        foreach (TestHost host in (TestHost[])[ours, theirs])
        {
            host.Ostree("config", "--repo", host["ostree/repo"], "set", "sysroot.bls-append-except-default", "grub_users=\"\"").Succeeded();
        }

        Image("2").WriteTo(ours.Images);
        ours.Upgrade();
        DeployByLibostree(ours, theirs);

        Assert.Equal(TreeListing.Of(theirs.Path, Repository, Lock, LabelStamp), TreeListing.Of(ours.Path, Repository, Lock));
        Assert.Contains("\ngrub_users \"\"\n", File.ReadAllText(ours["boot/loader/entries/ostree-1.conf"]));
        ours.Rollback();
        Assert.DoesNotContain("grub_users", File.ReadAllText(ours["boot/loader/entries/ostree-2.conf"]));
        Assert.Contains("grub_users", File.ReadAllText(ours["boot/loader/entries/ostree-1.conf"]));
    }

    [Fact]
    public void Second_deployment_equals_that_of_libostree()
    {
        Oracle.Require();
        using var ours = new TestHost();
        using var theirs = new TestHost();
        ours.Switch(Image("1").WriteTo(ours.Images));
        DeployByLibostree(ours, theirs);
        Image("2").WriteTo(ours.Images);

        ours.Upgrade();
        DeployByLibostree(ours, theirs);

        Assert.Equal(TreeListing.Of(theirs.Path, Repository, Lock, LabelStamp), TreeListing.Of(ours.Path, Repository, Lock));
    }

    [Fact]
    public void New_kernel_and_arguments_give_the_entries_of_libostree()
    {
        Oracle.Require();
        using var ours = new TestHost();
        using var theirs = new TestHost();
        ours.Switch(Image("1").WriteTo(ours.Images));
        DeployByLibostree(ours, theirs);
        foreach (TestHost host in new[] { ours, theirs })
        {
            host.Ostree("admin", "instutil", "set-kargs", "--sysroot", host.Path, "console=ttyS0", "quiet").Succeeded();
        }

        OsImage.Create("2", kernel: "7.1").AddLayer(layer => layer.File("usr/lib/ostree/prepare-root.conf", "[composefs]\nenabled = verity\n")).WriteTo(ours.Images);

        ours.Upgrade();
        DeployByLibostree(ours, theirs);

        Assert.Equal(Entries(theirs), Entries(ours));
        Assert.Equal(2, Directory.GetDirectories(ours["boot/ostree"]).Length);
    }

    [Fact]
    public void Libostree_lists_and_changes_our_deployments()
    {
        Oracle.Require();
        using var host = TwoDeployments();
        Deployment[] made = [.. host.Deployments];

        string status = Status(host);
        host.Ostree("admin", "pin", "--sysroot", host.Path, "1").Succeeded();
        bool pinned = host.Deployments[1].IsPinned;
        host.Ostree("admin", "pin", "--unpin", "--sysroot", host.Path, "1").Succeeded();
        bool unpinned = !host.Deployments[1].IsPinned;
        host.Ostree("admin", "undeploy", "--sysroot", host.Path, "1").Succeeded();

        Assert.Contains($"default {made[0].DirectoryName}", status);
        Assert.Contains($"default {made[1].DirectoryName}", status);
        Assert.True(pinned);
        Assert.True(unpinned);
        Assert.Equal([made[0].DirectoryName], host.Deployments.Select(deployment => deployment.DirectoryName));
        host.AssertSound();
    }

    [Fact]
    public void Origin_that_libostree_sets_is_read_and_its_deployment_can_be_switched()
    {
        Oracle.Require();
        using var host = new TestHost();
        host.Switch(Image("1").WriteTo(host.Images));
        host.Ostree("admin", "set-origin", "--sysroot", host.Path, "--index=0", "--set=gpg-verify=false", "upstream", "https://example.com/repo", "os/stable").Succeeded();
        Origin origin = host.Deployments[0].Origin;
        host.Switch(Image("2").WriteTo(host.Images, "next"));

        Assert.Equal("upstream:os/stable", origin.Refspec);
        Assert.Equal(host.Images + ":next", host.Deployments[0].Origin.Image?.Image.Name);
        host.AssertSound();
    }

    [Fact]
    public void We_switch_roll_back_and_clean_up_on_a_sysroot_that_libostree_made()
    {
        Oracle.Require();
        using var host = new TestHost(stateroot: null);
        MakeByLibostree(host, "first", "1");
        MakeByLibostree(host, "second", "2");
        string[] theirs = Titles(host);

        host.Rollback();
        string[] rolledBack = Titles(host);
        host.AssertSound();
        host.Switch(Image("3").WriteTo(host.Images));
        string[] switched = Titles(host);
        host.AssertSound();

        Assert.Equal(["Test OS 2 (ostree:0)", "Test OS 1 (ostree:1)"], theirs);
        Assert.Equal(["Test OS 1 (ostree:0)", "Test OS 2 (ostree:1)"], rolledBack);
        Assert.Equal(["Test OS 3 (ostree:0)", "Test OS 1 (ostree:1)"], switched);
    }

    [Fact]
    public void Libostree_finds_every_step_of_a_life_sound()
    {
        Oracle.Require();
        using var host = TwoDeployments();

        foreach (Action step in (Action[])[() => host.Rollback(), () => host.Switch(Image("3").WriteTo(host.Images, "other")), () => host.Rollback(), () => host.Switch(Image("4").WriteTo(host.Images, "last"), retain: true)])
        {
            step();
            host.AssertSound();
        }

        Assert.Equal(3, host.Deployments.Count);
    }

    [Fact]
    public void Both_etc_and_usr_etc_in_a_commit_are_refused_as_libostree_does()
    {
        Oracle.Require();
        using var host = new TestHost();
        string tree = host.Beside("tree");
        WriteTree(tree, "1");
        Directory.CreateDirectory(Path.Combine(tree, "etc"));
        File.WriteAllText(Path.Combine(tree, "etc/motd"), "twice");
        string commit = host.Ostree("commit", "--repo", host["ostree/repo"], "-b", "both", "--owner-uid=0", "--owner-gid=0", tree).Succeeded().Trim();
        string before = TreeListing.Of(host.Path, Repository, Lock);
        using Sysroot sysroot = Sysroot.Open(host.Path);

        var refusal = Assert.Throws<DeploymentException>(() => sysroot.Deploy(new DeployRequest { Stateroot = "default", Commit = Bootc.Ostree.Objects.Checksum.Parse(commit), Origin = new Origin() }));
        CommandResult theirs = host.Ostree("admin", "deploy", "--sysroot", host.Path, "--os", "default", "both");

        Assert.Equal("the image contains both /etc and /usr/etc", refusal.Message);
        Assert.NotEqual(0, theirs.ExitCode);
        Assert.Equal(before, TreeListing.Of(host.Path, Repository, Lock, "ostree/deploy/default/backing", "ostree/deploy/default/deploy"));
    }

    private static TestHost TwoDeployments()
    {
        var host = new TestHost();
        host.Switch(Image("1").WriteTo(host.Images));
        Image("2").WriteTo(host.Images);
        host.Upgrade();
        return host;
    }

    private static void DeployByLibostree(TestHost from, TestHost to, params string[] options)
    {
        Deployment deployment = from.Deployments[0];
        string origin = to.Beside("origin");
        File.Copy(from[deployment.OriginPath], origin, overwrite: true);
        to.Ostree("pull-local", "--repo", to["ostree/repo"], from["ostree/repo"], deployment.Commit.ToString()).Succeeded();
        to.Ostree(["admin", "deploy", "--sysroot", to.Path, "--os", "default", "--origin-file", origin, .. options, deployment.Commit.ToString()]).Succeeded();
    }

    private static void MakeByLibostree(TestHost host, string branch, string version)
    {
        if (!Directory.Exists(host["ostree"]))
        {
            host.Ostree("admin", "init-fs", "--modern", host.Path).Succeeded();
            host.Ostree("admin", "os-init", "--sysroot", host.Path, "default").Succeeded();
        }

        string tree = host.Beside(branch);
        WriteTree(tree, version);
        host.Ostree("commit", "--repo", host["ostree/repo"], "-b", branch, "--owner-uid=0", "--owner-gid=0", tree).Succeeded();
        host.Ostree("admin", "deploy", "--sysroot", host.Path, "--os", "default", branch).Succeeded();
    }

    private static void WriteTree(string tree, string version)
    {
        foreach ((string name, string content) in new[]
        {
            ("usr/lib/os-release", $"ID=test\nPRETTY_NAME=\"Test OS {version}\"\n"),
            ("usr/lib/modules/6.0/vmlinuz", "kernel"),
            ("usr/lib/modules/6.0/initramfs.img", "initramfs"),
            ("usr/etc/motd", "Welcome"),
        })
        {
            string path = Path.Combine(tree, name);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, content);
        }

        Directory.CreateDirectory(Path.Combine(tree, "var"));
        Directory.CreateDirectory(Path.Combine(tree, "sysroot"));
    }

    private static string[] Titles(TestHost host) => [.. host.Deployments.Select(deployment => deployment.Entry.Title!)];

    private static string Status(TestHost host) => host.Ostree("admin", "status", "--sysroot", host.Path).Succeeded();

    private static string Entries(TestHost host) => string.Join('\n', Directory.GetFiles(host["boot/loader/entries"]).Order().Select(File.ReadAllText));

    // The note itself has a label of libostree's only where the kernel has SELinux.
    private static string LabelsOfVar(TestHost host) => Peer.Run("sh", "-c", "cd \"$0\" && find . -not -name .ostree-selabeled | sort | xargs getfattr -h -m security.selinux -d", host["ostree/deploy/default/var"]).Succeeded();

    private static string[] Immutable(TestHost host) =>
        [.. Peer.Run("lsattr", "-d", host[host.Deployments[0].Path]).Succeeded().Split('\n').Select(line => line.Split(' ')[0])];
}
