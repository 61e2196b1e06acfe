// Packages on an image of RPM packages, by the image's own dnf and rpm, out of a repository made here.
using Bootc.Deployments;
using Bootc.Testing;

namespace Bootc.Layering.Tests;

public sealed class RpmLayeringTests(RpmHost host) : IClassFixture<RpmHost>
{
    // A commit keeps no times of modification, and so no deployment has those that rpm knows.
    private const string Verify = "rpm --verify --nomtime";

    [Fact]
    public void Packages_and_what_they_need_are_in_the_next_deployment_and_rpm_agrees()
    {
        host.Start();
        string before = host.Default.DirectoryName;
        string[] image = host.ListPackages();

        Assert.Equal(OperationOutcome.Changed, host.Install("hello-layer"));

        Assert.Equal("hello\n", host.Chroot("hello-layer").Succeeded());
        Assert.Equal("data\n", File.ReadAllText(host.InDefault("usr/share/hello-data/data")));
        Assert.Equal("greeting = hello\n", File.ReadAllText(host.InDefault("etc/hello-layer.conf")));
        Assert.Equal([.. image.Append("hello-data 1.0-1").Append("hello-layer 1.0-1").Order(StringComparer.Ordinal)], host.ListPackages());
        Assert.Equal(
            host.ListPackages(),
            host.Chroot("rpm -qa --qf '%{NAME} %{VERSION}-%{RELEASE}\\n'").Succeeded().Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal));
        Assert.Equal("", host.Chroot($"{Verify} hello-data hello-layer editor").Succeeded());
        Assert.Equal("hello-layer;", host.Default.Origin.File.GetString("packages", "requested"));
        Assert.Equal(before, host.Deployments[1].DirectoryName);
        host.AssertSound();
    }

    [Fact]
    public void Only_what_packages_bring_differs_from_the_image()
    {
        host.Start();
        host.Install("hello-layer");

        string difference = Oracle.Run("ostree", "diff", "--repo", host["ostree/repo"], host.Deployments[1].Commit.ToString(), host.Commit.ToString()).Succeeded();

        Assert.Equal(
            [
                "A    /usr/bin/hello-layer",
                "A    /usr/etc/hello-layer.conf",
                "A    /usr/share/hello-data",
                "A    /usr/share/hello-data/data",
                "M    /usr/lib/sysimage/rpm/rpmdb.sqlite",
            ],
            difference.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(line => !line.Contains("/usr/lib/sysimage/libdnf5", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
        Assert.DoesNotContain("history", difference);
    }

    [Fact]
    public void The_same_inputs_give_the_same_commit_and_what_is_there_is_not_made_again()
    {
        host.Start();
        host.Install("hello-layer");
        var first = host.Commit;

        host.Run((operation, cancellation) => operation.Reset(cancellation));
        host.Progress.Steps.Clear();
        host.Install("hello-layer"); // the deployment to fall back to has it
        Assert.Equal(first, host.Commit);
        Assert.DoesNotContain("Installing packages", host.Progress.Steps);

        host.Start();
        host.Switch("v2"); // nothing has it any more
        host.Switch("v1");
        host.Install("hello-layer");
        Assert.Contains("Installing packages", host.Progress.Steps);
        Assert.Equal(first, host.Commit);
    }

    [Fact]
    public void Another_image_gets_the_packages_too_and_a_rollback_brings_back_the_one_before_with_them()
    {
        host.Start();
        host.Install("hello-layer");
        var first = host.Commit;

        Assert.Equal(OperationOutcome.Changed, host.Switch("v2"));

        Assert.Equal("hello\neditor 1.1\n", host.Chroot("hello-layer; editor").Succeeded());
        Assert.Contains("editor 1.1-1", host.ListPackages());
        Assert.Equal("", host.Chroot($"{Verify} hello-layer editor").Succeeded());
        Assert.Equal("hello-layer;", host.Default.Origin.File.GetString("packages", "requested"));
        host.AssertSound();

        host.Rollback();
        Assert.Equal(first, host.Commit);
        Assert.Equal("hello-layer;", host.Default.Origin.File.GetString("packages", "requested"));
    }

    [Theory]
    [InlineData("not-there", "No match for argument: not-there")]
    [InlineData("needy", "nothing provides not-there needed by needy-1.0-1.noarch")]
    [InlineData("jealous", "pager-1.0-1.noarch")]
    [InlineData("clash", "/usr/bin/pager")]
    public void What_cannot_be_installed_is_an_error_that_says_why_and_changes_nothing(string name, string said)
    {
        host.Start();
        host.Packages
            .Add("needy", "1.0", fields: "Requires: not-there\n")
            .Add("jealous", "1.0", fields: "Conflicts: pager\n")
            .Add("clash", "1.0", new() { ["usr/bin/pager"] = "#!/bin/sh\necho another\n" })
            .Publish();
        string before = host.State;

        string error = Assert.Throws<LayeringException>(() => host.Install(name)).Message;

        Assert.Contains(name, error);
        Assert.Contains(said, error);
        Assert.Equal(before, host.State);
        Assert.False(Directory.Exists(host["ostree/repo/tmp/bootc-layering"]));
    }

    [Fact]
    public void A_package_that_is_gone_when_the_image_changes_stops_the_change()
    {
        host.Start();
        host.Packages.Add("passing", "1.0").Publish();
        host.Install("passing");
        host.Packages.Remove("passing", "1.0").Publish();
        string before = host.State;

        string error = Assert.ThrowsAny<DeploymentException>(() => host.Switch("v2")).Message;

        Assert.Contains("passing", error);
        Assert.Equal(before, host.State);
    }

    [Fact]
    public void Packages_that_are_signed_by_an_unknown_key_or_by_none_are_refused()
    {
        host.Start();
        host.Packages.MakeKey("forger");
        host.Packages.Add("forged", "1.0", signer: "forger").Add("bare", "1.0", signer: "").Publish();
        string before = host.State;

        string forged = Assert.Throws<LayeringException>(() => host.Install("forged")).Message;
        string bare = Assert.Throws<LayeringException>(() => host.Install("bare")).Message;

        Assert.Matches("the package forged-1\\.0-1\\.noarch is refused, since it is signed by the key [0-9a-f]{16,}, which the host does not trust", forged);
        Assert.Contains("the package bare-1.0-1.noarch is refused, since nobody signed it", bare);
        Assert.Equal(before, host.State);
    }

    [Fact]
    public void Lists_signed_by_an_unknown_key_are_refused()
    {
        host.Start();
        host.Packages.MakeKey("stranger");
        host.Packages.Add("hello-stranger", "1.0").Publish("stranger");
        string before = host.State;

        string error = Assert.Throws<LayeringException>(() => host.Install("hello-stranger")).Message;
        host.Packages.Publish();

        Assert.Contains("lists of packages", error);
        Assert.Contains("test", error);
        Assert.Contains("key", error);
        Assert.Equal(before, host.State);
    }

    [Theory]
    [InlineData("writes", "echo x > /sysroot/escaped", "cannot create /sysroot/escaped: Read-only file system")]
    [InlineData("mounts", "mount -t tmpfs tmpfs /var/tmp/", "permission denied")]
    [InlineData("settings", "echo 1 > /proc/sys/vm/drop_caches", "cannot create /proc/sys/vm/drop_caches: Read-only file system")]
    [InlineData("calls", "bash -c 'echo > /dev/tcp/127.0.0.1/22'", "Connection refused")]
    [InlineData("poisons", "for folder in /var/cache/libdnf5/test-*; do echo x > $folder/packages/x.rpm; done", "Read-only file system")]
    public void A_script_that_reaches_out_fails_with_its_output(string name, string command, string said)
    {
        host.Start();
        host.Packages.Add($"bad-{name}", "1.0", post: command).Publish();
        string before = host.State;

        string error = Assert.Throws<LayeringException>(() => host.Install($"bad-{name}")).Message;

        Assert.Contains(said, error);
        Assert.Contains($"bad-{name}", error);
        Assert.Equal(before, host.State);
        Assert.False(Directory.Exists(host["ostree/repo/tmp/bootc-layering"]));
    }

    [Fact]
    public void Users_and_directories_of_services_become_rules_for_the_host()
    {
        host.Start();
        host.Packages.Add("daemon", "1.0", new() { ["usr/bin/daemon"] = "#!/bin/sh\n", ["var/lib/daemon-data/seed"] = "seed\n" }, post: """
            useradd --system --home-dir /var/lib/daemon --shell /usr/sbin/nologin daemon-test
            install -d -m 0750 -o daemon-test /var/lib/daemon
            echo first > /var/lib/daemon/state
            ln -s daemon /var/lib/daemon-link
            """).Publish();

        host.Install("daemon");

        string users = File.ReadAllText(host.InDefault("usr/lib/sysusers.d/00-bootc-layered.conf"));
        string directories = File.ReadAllText(host.InDefault("usr/lib/tmpfiles.d/bootc-layered.conf"));
        Assert.Matches("^g daemon-test \\d+ -\nu daemon-test \\d+:\\d+ \"\" /var/lib/daemon /usr/sbin/nologin\n$", users);
        Assert.Equal(
            "d /var/lib/daemon 0750 daemon-test root -\nd /var/lib/daemon-data 0755 root root -\nC /var/lib/daemon-data/seed 0644 root root -\nL /var/lib/daemon-link - - - - daemon\nC /var/lib/daemon/state 0644 root root -\n",
            directories);
        Assert.DoesNotContain("daemon-test", File.ReadAllText(host.InDefault("usr/etc/passwd")));

        // The host's own tools make of the rules what the package had made.
        string made = host.Chroot("systemd-sysusers && systemd-tmpfiles --create --prefix=/var/lib > /dev/null; stat -c '%U %a' /var/lib/daemon; cat /var/lib/daemon-link/state /var/lib/daemon-data/seed").Output;
        Assert.Equal("daemon-test 750\nfirst\nseed\n", made);
    }

    [Fact]
    public void A_package_file_stays_with_the_host_and_comes_with_the_next_image()
    {
        host.Start();
        string file = host.Packages.Make("local_tool", "2.0", new() { ["usr/bin/local-tool"] = "#!/bin/sh\necho local\n" }, "Requires: hello-data\n", signer: "");

        host.Install(file);
        File.Delete(file);
        host.Switch("v2");

        Assert.Equal("local\n", host.Chroot("local-tool").Succeeded());
        Assert.Equal("", host.Chroot($"{Verify} local_tool hello-data").Succeeded());
        Assert.Matches("^[0-9a-f]{64}:local_tool-2\\.0-1\\.noarch;$", host.Default.Origin.File.GetString("packages", "requested-local"));
        host.AssertSound();

        host.Run((operation, cancellation) => operation.Uninstall(["local_tool"], cancellation));
        Assert.False(File.Exists(host.InDefault("usr/bin/local-tool")));
        Assert.False(host.Default.Origin.File.HasGroup("packages"));
    }

    [Fact]
    public void Packages_of_the_image_can_be_left_out_and_replaced()
    {
        host.Start();
        host.Run((operation, cancellation) => operation.OverrideRemove(["pager"], cancellation));
        Assert.False(File.Exists(host.InDefault("usr/bin/pager")));
        Assert.Equal("pager;", host.Default.Origin.File.GetString("overrides", "remove"));

        string older = host.Packages.Make("editor", "0.9", new() { ["usr/bin/editor"] = "#!/bin/sh\necho mine\n" });
        host.Run((operation, cancellation) => operation.OverrideReplace([older], cancellation));
        Assert.Equal("mine\n", host.Chroot("editor").Succeeded());
        Assert.Equal(["editor 0.9-1", "editor-plugin 1.0-1", "os-base 1.0-1"], host.ListPackages());
        Assert.Equal("", host.Chroot($"{Verify} editor editor-plugin").Succeeded());
        using (Sysroot sysroot = Sysroot.Open(host.Path))
        {
            PackageReport report = PackageReport.Read(sysroot, host.Default);
            Assert.Equal("editor 1.0-1 -> editor 0.9-1", string.Join(", ", report.Difference.Changed.Select(change => $"{change.Old} -> {change.New}")));
            Assert.Equal("pager 1.0-1", string.Join(", ", report.Difference.Removed));
        }

        // Of two wishes for one package the later counts; nothing is taken along that needs it.
        string error = Assert.Throws<LayeringException>(() => host.Run((operation, cancellation) => operation.OverrideRemove(["editor"], cancellation))).Message;
        Assert.Contains("they would remove editor-plugin from the image", error);
        host.Run((operation, cancellation) => operation.OverrideRemove(["editor", "editor-plugin"], cancellation));
        Assert.Equal(["os-base 1.0-1"], host.ListPackages());
        Assert.False(host.Default.Origin.File.GetString("overrides", "replace-local") is { Length: > 0 });

        host.Run((operation, cancellation) => operation.OverrideReset([], cancellation));
        Assert.Equal("editor 1.0\npager 1.0\n", host.Chroot("editor; pager").Succeeded());
        host.AssertSound();
    }

    [Fact]
    public void A_package_that_the_image_has_is_inactive()
    {
        host.Start();
        Assert.Contains("--allow-inactive", Assert.Throws<LayeringException>(() => host.Install("pager")).Message);

        host.Run((operation, cancellation) => operation.Install(["pager"], cancellation), allowInactive: true);

        Assert.Contains(host.Progress.Messages, message => message.Contains("pager", StringComparison.Ordinal) && message.Contains("inactive", StringComparison.Ordinal));
        using Sysroot sysroot = Sysroot.Open(host.Path);
        Assert.Equal(["pager"], PackageReport.Read(sysroot, host.Default).Inactive);
    }

    [Fact]
    public void A_dry_run_tells_what_would_be_done_and_changes_nothing()
    {
        host.Start();
        string before = host.State;
        using Sysroot sysroot = Sysroot.Open(host.Path);
        var operation = new PackageOperation(sysroot, new(), host.Progress) { DryRun = true };

        operation.Install(["hello-layer"], TestContext.Current.CancellationToken);

        Assert.Equal(
            [(PackageAction.Install, "hello-data", "1.0-1", "noarch"), (PackageAction.Install, "hello-layer", "1.0-1", "noarch")],
            operation.Transaction!.Changes.Select(change => (change.Action, change.Name, change.After, change.Architecture)));
        Assert.Equal(
            new FileInfo(Path.Combine(host.Packages.Path, "hello-layer-1.0-1.noarch.rpm")).Length,
            operation.Transaction.Changes[1].Size);
        Assert.Equal(before, host.State);
    }

    [Fact]
    public void What_was_fetched_before_is_enough_with_cache_only()
    {
        host.Start();
        host.Packages.Add("never-fetched", "1.0").Publish();
        host.Install("hello-layer");
        host.Run((operation, cancellation) => operation.Reset(cancellation));

        Assert.Equal(OperationOutcome.Changed, host.Run((operation, cancellation) => operation.Install(["hello-data"], cancellation), cacheOnly: true));
        Assert.Equal("data\n", File.ReadAllText(host.InDefault("usr/share/hello-data/data")));

        string error = Assert.Throws<LayeringException>(() => host.Run((operation, cancellation) => operation.Install(["never-fetched"], cancellation), cacheOnly: true)).Message;
        Assert.Contains("never-fetched", error);
        Assert.Contains("cache alone", error);
    }

    [Fact]
    public void Newer_packages_are_looked_for_on_demand()
    {
        host.Start();
        host.Install("hello-data");
        Assert.Equal(OperationOutcome.Unchanged, host.Run((operation, cancellation) => operation.Refresh(cancellation)));

        host.Packages.Add("hello-data", "1.1", new() { ["usr/share/hello-data/data"] = "newer\n" }).Publish();
        Assert.Equal(OperationOutcome.Changed, host.Run((operation, cancellation) => operation.Refresh(cancellation)));

        Assert.Equal("newer\n", File.ReadAllText(host.InDefault("usr/share/hello-data/data")));
        host.Packages.Remove("hello-data", "1.1").Publish();
    }

    [Fact]
    public void A_kernel_takes_the_place_of_the_images_and_gets_an_initramfs()
    {
        host.Start();
        host.Packages.Add("kernel-next", "1.0", new() { ["usr/lib/modules/7.0/vmlinuz"] = "kernel 7.0\n", ["usr/lib/modules/7.0/modules.builtin"] = "" }).Publish();

        host.Install("kernel-next");

        Assert.Equal(["initramfs.img", "modules.builtin", "vmlinuz"], Directory.EnumerateFiles(host.InDefault("usr/lib/modules/7.0")).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Empty(Directory.EnumerateFiles(host.InDefault($"usr/lib/modules/{RpmHost.Kernel}")));
        Assert.Contains("made anew", File.ReadAllText(host.InDefault("usr/lib/modules/7.0/initramfs.img")));
        Assert.Equal("kernel 7.0\n", File.ReadAllText(Directory.EnumerateFiles(host["boot/ostree"], "vmlinuz-7.0", SearchOption.AllDirectories).Single()));
        host.AssertSound();
    }

    [Fact]
    public void The_containerfile_gives_the_same_as_an_image()
    {
        host.Start();
        string file = host.Packages.Make("extra", "1.0");
        host.Run((operation, cancellation) => operation.OverrideRemove(["pager"], cancellation));
        host.Install("hello-layer", file);

        using Sysroot sysroot = Sysroot.Open(host.Path);
        string[] lines = Containerfile.Describe(sysroot, host.Default).Split('\n');

        Assert.Equal(
            [
                "COPY extra-1.0-1.noarch.rpm /tmp/packages/",
                "RUN dnf5 -y remove --setopt=clean_requirements_on_remove=False pager && \\",
                "    dnf5 -y install hello-layer /tmp/packages/extra-1.0-1.noarch.rpm && \\",
                "    dnf5 clean all && \\",
                "    rm -rf /tmp/packages /var/cache/* /var/log/*",
                "",
            ],
            lines[1..]);
    }
}
