// Packages on the project's Debian image, by the image's own apt and dpkg, out of a repository made here.
using Bootc.Composefs;
using Bootc.Composefs.FsVerity;
using Bootc.Deployments;
using Bootc.Import;
using Bootc.Import.Encapsulation;
using Bootc.Oci;
using Bootc.Ostree;
using Bootc.Testing;

namespace Bootc.Layering.Tests;

public sealed class DebianLayeringTests(DebianHost host) : LayeringCases(host), IClassFixture<DebianHost>
{
    [Fact]
    public void The_database_lists_what_was_added()
    {
        host.Start();
        host.Install("hello-layer");

        Assert.Equal("ii  hello-data\nii  hello-layer\n", host.Chroot("dpkg-query -W -f '${db:Status-Abbrev} ${Package}\\n' hello-data hello-layer").Succeeded());
    }

    [Fact]
    public void Only_what_packages_bring_differs_from_the_image()
    {
        host.Start();
        host.Install("hello-layer");

        string difference = Oracle.Run("ostree", "diff", "--repo", host["ostree/repo"], host.Deployments[1].Commit.ToString(), host.Commit.ToString()).Succeeded();
        string[] lines = [.. difference.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal)];

        Assert.Equal(
            [
                "A    /usr/bin/hello-layer",
                "A    /usr/etc/hello-layer.conf",
                "A    /usr/lib/sysimage/dpkg/info/hello-data.list",
                "A    /usr/lib/sysimage/dpkg/info/hello-data.md5sums",
                "A    /usr/lib/sysimage/dpkg/info/hello-layer.conffiles",
                "A    /usr/lib/sysimage/dpkg/info/hello-layer.list",
                "A    /usr/lib/sysimage/dpkg/info/hello-layer.md5sums",
                "A    /usr/share/hello-data",
                "A    /usr/share/hello-data/data",
                "M    /usr/lib/sysimage/dpkg/status",
            ],
            lines);
    }

    // Made of the image's own, of which most is taken over.
    [Fact]
    public void The_composefs_image_is_the_one_of_the_whole_commit()
    {
        host.Start();
        host.Install("hello-data");
        host.Install("hello-layer");
        host.Run((operation, cancellation) => operation.OverrideRemove(["nano"], cancellation)); // no deployment has the image's own by now

        using Sysroot sysroot = Sysroot.Open(host.Path);
        Assert.Equal(ComposefsImage.ComputeDigest(CommitComposefs.BuildTree(sysroot.Repository, host.Commit)), VerityHasher.Compute(File.ReadAllBytes(host.InDefault(".ostree.cfs"))));
        Assert.DoesNotContain(sysroot.Deployments, deployment => deployment.Commit == ImageStore.BaseOf(sysroot.Repository, host.Commit));
    }

    [Fact]
    public void A_host_with_packages_reports_its_image()
    {
        host.Start();
        host.Install("hello-layer");

        using Sysroot sysroot = Sysroot.Open(host.Path);
        StoredImage image = ImageStore.QueryCommit(sysroot.Repository, host.Commit)!;
        Assert.Equal(host.Deployments[1].Commit, image.MergeCommit);
        var status = Bootc.Deployments.Status.HostStatusBuilder.Build(sysroot);
        Assert.Equal(image.ManifestDigest.ToString(), status.Status.OtherDeployments![0].Image!.ImageDigest);
        Assert.Equal(["hello-layer"], status.Status.OtherDeployments[0].Packages.Requested);
    }

    [Fact]
    public void What_cannot_be_solved_is_named_and_changes_nothing()
    {
        host.Start();
        host.Packages.Add("needy", "1.0", fields: "Depends: not-there-at-all\n").Publish();
        string before = host.State;

        string missing = Assert.Throws<LayeringException>(() => host.Install("no-such-package")).Message;
        string unmet = Assert.Throws<LayeringException>(() => host.Install("needy")).Message;

        Assert.Contains("no-such-package", missing);
        Assert.Contains("not-there-at-all", unmet);
        Assert.Equal(before, host.State);
    }

    [Theory]
    [InlineData("writes", "echo x > /sysroot/escaped", "cannot create /sysroot/escaped: Read-only file system")]
    [InlineData("mounts", "mount -t tmpfs tmpfs /mnt/", "permission denied")]
    [InlineData("settings", "echo 1 > /proc/sys/vm/drop_caches", "cannot create /proc/sys/vm/drop_caches: Read-only file system")]
    [InlineData("calls", "curl -sS http://127.0.0.1:22/", "curl: (7)")]
    public void A_script_that_reaches_out_fails_with_its_output(string name, string command, string said)
    {
        host.Start();
        host.Packages.Add($"bad-{name}", "1.0", postinst: command + "\n").Publish();
        string before = host.State;

        string error = Assert.Throws<LayeringException>(() => host.Install($"bad-{name}")).Message;

        Assert.Contains(said, error);
        Assert.Contains($"bad-{name}", error);
        Assert.Equal(before, host.State);
        Assert.False(Directory.Exists(host["ostree/repo/tmp/bootc-layering"]));
    }

    // open_by_handle_at(2) reaches any file of a file system of which a script sees one directory, if it may.
    [Fact]
    public void A_script_cannot_open_files_by_their_handles()
    {
        host.Start();
        host.Packages.Add("handles", "1.0", postinst: "test $((0x$(sed -n 's/^CapEff:[[:space:]]*//p' /proc/self/status) & 4)) = 0\n").Publish();

        host.Install("handles");
    }

    [Fact]
    public void Users_and_directories_of_services_become_rules_for_the_host()
    {
        host.Start();
        host.Packages.Add("daemon", "1.0", new() { ["usr/bin/daemon"] = "#!/bin/sh\n" }, postinst: """
            useradd --system --home-dir /var/lib/daemon --shell /usr/sbin/nologin daemon-test
            install -d -m 0750 -o daemon-test /var/lib/daemon
            echo first > /var/lib/daemon/state
            ln -s daemon /var/lib/daemon-link
            """).Publish();

        host.Install("daemon");

        string users = File.ReadAllText(host.InDefault("usr/lib/sysusers.d/00-bootc-layered.conf"));
        string directories = File.ReadAllText(host.InDefault("usr/lib/tmpfiles.d/bootc-layered.conf"));
        Assert.Matches("^g daemon-test \\d+ -\nu daemon-test \\d+:\\d+ \"\" /var/lib/daemon /usr/sbin/nologin\n$", users);
        Assert.Equal("d /var/lib/daemon 0750 daemon-test root -\nL /var/lib/daemon-link - - - - daemon\nC /var/lib/daemon/state 0644 root root -\n", directories);
        Assert.Equal("first\n", File.ReadAllText(host.InDefault("usr/share/factory/var/lib/daemon/state")));
        Assert.DoesNotContain("daemon-test", File.ReadAllText(host.InDefault("usr/etc/passwd")));

        // The host's own tools make of the rules what the package had made.
        string made = host.Chroot("systemd-sysusers && systemd-tmpfiles --create --prefix=/var/lib > /dev/null; stat -c '%U %a' /var/lib/daemon; cat /var/lib/daemon-link/state").Output;
        Assert.Equal("daemon-test 750\nfirst\n", made);
    }

    [Fact]
    public void A_package_file_stays_with_the_host_and_comes_with_the_next_image()
    {
        host.Start();
        string file = host.Packages.Make("local-tool", "2.0", new() { ["usr/bin/local-tool"] = "#!/bin/sh\necho local\n" }, "Depends: hello-data\n");

        host.Install(file);
        File.Delete(file);
        host.Switch("v2");

        Assert.Equal("local\n", host.Chroot("local-tool").Succeeded());
        Assert.Matches("^[0-9a-f]{64}:local-tool_2.0_amd64;$", host.Default.Origin.File.GetString("packages", "requested-local"));
        host.AssertSound();

        host.Run((operation, cancellation) => operation.Uninstall(["local-tool"], cancellation));
        Assert.False(File.Exists(host.InDefault("usr/bin/local-tool")));
        Assert.False(host.Default.Origin.File.HasGroup("packages"));
    }

    [Fact]
    public void Packages_of_the_image_can_be_left_out_and_replaced()
    {
        host.Start();
        host.Run((operation, cancellation) => operation.OverrideRemove(["nano"], cancellation));
        Assert.False(File.Exists(host.InDefault("usr/bin/nano")));
        Assert.Equal("nano;", host.Default.Origin.File.GetString("overrides", "remove"));

        string file = host.Packages.Make("less", "9999", new() { ["usr/bin/less"] = "#!/bin/sh\necho mine\n" });
        host.Run((operation, cancellation) => operation.OverrideReplace([file], cancellation));
        Assert.Equal("mine\n", host.Chroot("less").Succeeded());

        host.Run((operation, cancellation) => operation.OverrideReset([], cancellation));
        Assert.True(File.Exists(host.InDefault("usr/bin/nano")));
        Assert.NotEqual("mine\n", host.Chroot("less --version").Output);
        host.AssertSound();
    }

    [Fact]
    public async Task A_package_that_the_next_image_has_itself_becomes_inactive_and_active_again_with_one_that_has_not()
    {
        host.Start();
        host.Install("hello-layer");
        string image = $"oci:{host.Beside("image")}:1";
        using (Sysroot sysroot = Sysroot.Open(host.Path))
        await using (IImageDestination destination = ImageDestinations.Open(ImageReference.Parse(image)))
        {
            var encapsulation = new CommitEncapsulation(sysroot.Repository, host.Commit, new EncapsulationOptions { CompressFast = true, Labels = new Dictionary<string, string> { ["containers.bootc"] = "1" } });
            await encapsulation.WriteAsync(destination, null, TestContext.Current.CancellationToken);
        }

        host.SwitchTo(image);

        Assert.Contains(host.Progress.Messages, message => message.Contains("The image has hello-layer itself", StringComparison.Ordinal));
        Assert.Equal(["hello-layer"], ReadInactive());
        Assert.Equal("hello-layer;", host.Default.Origin.File.GetString("packages", "requested"));
        Assert.Equal("hello\n", host.Chroot("hello-layer").Succeeded());
        host.AssertSound();

        host.Switch("v1");
        Assert.Empty(ReadInactive());
        Assert.Equal("hello\n", host.Chroot("hello-layer").Succeeded());

        IReadOnlyList<string> ReadInactive()
        {
            using Sysroot sysroot = Sysroot.Open(host.Path);
            return PackageReport.Read(sysroot, sysroot.Default!).Inactive;
        }
    }

    [Fact]
    public void Modules_for_the_kernel_give_another_initramfs()
    {
        host.Start();
        string version = Path.GetFileName(Directory.EnumerateDirectories(host.InDefault("usr/lib/modules")).Single());
        string before = host.Default.Bootcsum;
        host.Packages.Add("early-options", "1.0", new() { ["usr/lib/modprobe.d/early-options.conf"] = "options loop max_loop=4\n" }).Publish();

        host.Install("early-options");

        Assert.NotEqual(before, host.Default.Bootcsum);
        string content = host.Chroot($"lsinitrd /usr/lib/modules/{version}/initramfs.img").Succeeded();
        Assert.Contains("usr/lib/modprobe.d/early-options.conf", content);
    }
}
