// Packages on an image of RPM packages, by the image's own dnf and rpm, out of a repository made here.
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Bootc.Deployments;
using Bootc.Layering.Rpm;
using Bootc.Testing;

namespace Bootc.Layering.Tests;

public sealed class RpmLayeringTests(RpmHost host) : LayeringCases(host), IClassFixture<RpmHost>
{
    [Fact]
    public void The_database_lists_what_was_added()
    {
        host.Start();
        string[] image = host.ListPackages();

        host.Install("hello-layer");

        Assert.Equal([.. image.Append("hello-data 1.0-1").Append("hello-layer 1.0-1").Order(StringComparer.Ordinal)], host.ListPackages());
        Assert.Equal(
            host.ListPackages(),
            host.Chroot("rpm -qa --qf '%{NAME} %{VERSION}-%{RELEASE}\\n'").Succeeded().Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal));
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

    [Theory]
    [InlineData("writes", "echo x > /sysroot/escaped", "cannot create /sysroot/escaped: Read-only file system")]
    [InlineData("mounts", "mount -t tmpfs tmpfs /var/tmp/", "permission denied")]
    [InlineData("settings", "echo 1 > /proc/sys/vm/drop_caches", "cannot create /proc/sys/vm/drop_caches: Read-only file system")]
    [InlineData("calls", "bash -c 'echo > /dev/tcp/127.0.0.1/22'", "Connection refused")]
    [InlineData("poisons", "for folder in /var/cache/libdnf5/test-*/packages; do echo x > $folder/x.rpm; done", "Read-only file system")]
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
        Assert.Equal("", host.Chroot($"{host.VerifyCommand} local_tool hello-data").Succeeded());
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
        Assert.Equal("", host.Chroot($"{host.VerifyCommand} editor editor-plugin").Succeeded());
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
    public void What_was_never_fetched_is_an_error_with_cache_only()
    {
        host.Start();
        host.Packages.Bring("never-fetched", "1.0");
        host.Install("hello-layer"); // fetches the lists

        string error = Assert.Throws<LayeringException>(() => host.Run((operation, cancellation) => operation.Install(["never-fetched"], cancellation), cacheOnly: true)).Message;

        Assert.Contains("never-fetched", error);
        Assert.Contains("from the cache alone", error);
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

    [Fact]
    public void Of_wishes_that_contradict_each_other_the_later_counts()
    {
        host.Start();
        host.Run((operation, cancellation) => operation.Install(["pager"], cancellation), allowInactive: true);

        Assert.EndsWith("pager    removed  1.0-1   -      -\n", host.Bootc("package", "override", "remove", "pager").Succeeded());

        Assert.False(host.Default.Origin.File.HasGroup("packages"));
        Assert.DoesNotContain("pager 1.0-1", host.ListPackages());
        Assert.Equal("error: pager is a package of the image that is left out: 'bootc package override reset pager' has it again\n", host.Bootc("package", "install", "--allow-inactive", "pager").Error);
    }

    [Fact]
    public void What_is_done_is_told_from_what_the_host_has()
    {
        host.Start();
        host.Install("hello-layer");
        string before = host.State;
        const string removed = "hello-data   removed  1.0-1   -      -\nhello-layer  removed  1.0-1   -      -\n";

        Assert.EndsWith(removed, host.Bootc("package", "uninstall", "--dry-run", "hello-layer").Succeeded());
        Assert.Equal(before, host.State);
        Assert.EndsWith("\nNo package is added, changed or removed.\n", "\n" + host.Bootc("package", "refresh", "--dry-run").Succeeded());
        Assert.EndsWith("SIZE\nextra    added   -       1.0-1  -\n", host.Bootc("package", "install", "--dry-run", host.Packages.Make("extra", "1.0")).Succeeded());
        Assert.EndsWith(removed, host.Bootc("package", "reset").Succeeded());
    }

    [Fact]
    public void A_version_that_was_asked_for_goes_by_the_name_of_its_package()
    {
        host.Start();
        host.Packages.Add("hello-data", "1.1", new() { ["usr/share/hello-data/data"] = "newer\n" }).Publish();
        host.Install("hello-data-1.0");
        Assert.Equal("added     hello-data  1.0-1\n", host.Bootc("package", "list").Succeeded());

        host.Install("hello-data-1.1"); // in the place of the other
        Assert.Equal("hello-data-1.1;", host.Default.Origin.File.GetString("packages", "requested"));
        Assert.Equal("newer\n", File.ReadAllText(host.InDefault("usr/share/hello-data/data")));

        host.Bootc("package", "uninstall", "hello-data").Succeeded();
        Assert.False(host.Default.Origin.File.HasGroup("packages"));
        host.Packages.Take("hello-data", "1.1");
    }

    [Fact]
    public void All_that_was_added_goes_at_once_and_what_is_left_out_stays_so()
    {
        host.Start();
        host.Run((operation, cancellation) => operation.OverrideRemove(["pager"], cancellation));
        host.Install("hello-layer", host.Packages.Make("extra", "1.0"));

        Assert.Equal(2, host.Bootc("package", "uninstall").ExitCode);
        Assert.Equal(2, host.Bootc("package", "uninstall", "--all", "extra").ExitCode);
        host.Bootc("package", "uninstall", "--all").Succeeded();
        Assert.Equal(["editor 1.0-1", "editor-plugin 1.0-1", "os-base 1.0-1"], host.ListPackages());

        host.Bootc("package", "override", "reset", "--all").Succeeded();
        Assert.Contains("pager 1.0-1", host.ListPackages());
        Assert.Contains("fetch the package, with curl", host.Bootc("package", "install", "https://example.com/x.rpm").Error);
    }

    [Theory]
    [InlineData("hello-data", true)]
    [InlineData("hello-data.noarch", true)]
    [InlineData("hello-data-1.0", true)]
    [InlineData("hello-data-2:1.0-1.x86_64", true)]
    [InlineData("hello-data-more", false)]
    [InlineData("hello-data-more-1.0-1", false)]
    [InlineData("hello", false)]
    public void A_name_with_a_version_means_its_package(string text, bool isMeant)
    {
        host.Start();
        using Sysroot sysroot = Sysroot.Open(host.Path);

        Assert.Equal(isMeant, PackageSystems.Find(sysroot.Repository, host.Commit).Means(text, "hello-data"));
    }

    [Fact]
    public void A_build_of_the_containerfile_has_the_initramfs_that_the_host_has()
    {
        host.Start();
        using var directory = new TestDirectory("build");
        using var podman = new PodmanService(directory);
        Directory.CreateDirectory(host.InDefault("etc/dracut.conf.d"));
        File.WriteAllText(host.InDefault("etc/dracut.conf.d/mine.conf"), "hostonly=no\n");
        File.WriteAllText(host.InDefault("etc/crypttab"), "disk UUID=1 none\n");
        host.Run((operation, cancellation) => operation.EnableInitramfs(["--add", "it's one", "--include", "/etc/named"], cancellation));
        host.Run((operation, cancellation) => operation.ChangeInitramfsFiles(["/etc/crypttab"], [], false, cancellation));
        byte[] own = File.ReadAllBytes(host.InDefault($"usr/lib/modules/{RpmHost.Kernel}/initramfs.img"));

        string noted = host.Bootc("package", "export-containerfile").Error;
        host.Bootc("package", "export-containerfile", "--output", directory["context"]).Succeeded();
        podman.Run("build", "--isolation=chroot", "--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024", "-t", "localhost/os", directory["context"]).Succeeded();
        string root = podman.Run("image", "mount", "localhost/os").Succeeded().Trim();

        Assert.Equal("note: the Containerfile takes files of this host, which --output DIR writes beside it\n", noted);
        Assert.Equal(own, File.ReadAllBytes(Path.Combine(root, $"usr/lib/modules/{RpmHost.Kernel}/initramfs.img")));
        string text = File.ReadAllText(Path.Combine(root, $"usr/lib/modules/{RpmHost.Kernel}/initramfs.img"));
        Assert.Contains($"--kver {RpmHost.Kernel} --add it's one --include /etc/named /usr", text);
        Assert.Contains("hostonly=no\n", text);
        Assert.Contains("disk UUID=1 none\n", text);
        Assert.Equal([], Directory.EnumerateFileSystemEntries(Path.Combine(root, "tmp")));
        Assert.False(Directory.Exists(Path.Combine(root, "etc/dracut.conf.d")));
        Assert.False(File.Exists(Path.Combine(root, "etc/crypttab")));
    }

    [Theory]
    [InlineData("zstd")]
    [InlineData("gz")]
    [InlineData("xz")]
    public void A_check_marks_what_lists_of_updates_call_security_fixes(string compression)
    {
        host.Start();
        Assert.SkipUnless(compression != "xz" || File.Exists(host.InDefault("usr/bin/xz")), "there is no xz that the image could have");
        string updates = Update("security", "hello-data", "1.0.9") + Update("bugfix", "hello-layer", "1.0");
        try
        {
            host.Install("hello-layer");
            host.Packages.Add("hello-data", "1.1").Add("hello-layer", "1.0.1", fields: "Requires: hello-data\n").PublishWithUpdates(updates, compression);
            string said = host.Bootc("upgrade", "--check").Succeeded();
            Assert.Contains("Newer packages for ", said);
            Assert.Contains("    hello-data  1.0-1 -> 1.1-1  (security)\n    hello-layer  1.0-1 -> 1.0.1-1\n", said);

            host.Upgrade();
            host.Packages.Add("hello-data", "1.2").PublishWithUpdates(updates, compression);
            Assert.Contains("    hello-data  1.1-1 -> 1.2-1\n", host.Bootc("upgrade", "--check").Succeeded());
        }
        finally
        {
            host.Packages.Remove("hello-data", "1.1").Remove("hello-data", "1.2").Remove("hello-layer", "1.0.1").Publish();
        }
    }

    // As dnf itself is sent to mirrors by them.
    [Theory]
    [InlineData("metalink")]
    [InlineData("mirrorlist")]
    public void Lists_of_mirrors_are_asked_whether_anything_is_newer(string kind)
    {
        host.Start();
        using var server = new FileServer(host.Packages.Path);
        string list = Path.Combine(host.Packages.Path, $"{kind}-{(RuntimeInformation.OSArchitecture == Architecture.Arm64 ? "aarch64" : "x86_64")}");
        string original = File.ReadAllText(Sources());
        string changed = original.Replace($"baseurl=file://{host.Packages.Path}", $"{kind}={server.Address}/{kind}-$basearch");
        WriteList();
        File.WriteAllText(Sources(), changed);
        host.Install("hello-data");
        File.WriteAllText(Sources(), changed);
        host.Refresh();
        host.Progress.Steps.Clear();

        Assert.Equal(OperationOutcome.Unchanged, host.Refresh());
        Assert.Empty(host.Progress.Steps);

        host.Packages.Add("other", "1.0").Publish();
        WriteList();
        host.Refresh();
        Assert.Contains("Looking for packages", host.Progress.Steps);
        File.WriteAllText(Sources(), original);
        File.Delete(list);

        string Sources() => host.InDefault($"etc/{host.SourcesFile}");

        void WriteList()
        {
            byte[] lists = File.ReadAllBytes(Path.Combine(host.Packages.Path, host.ListsFile));
            File.WriteAllText(list, kind == "mirrorlist" ? $"# mirrors\n{server.Address}/\n" : $"""
                <?xml version="1.0" encoding="utf-8"?>
                <metalink version="3.0" xmlns="http://www.metalinker.org/" type="dynamic" xmlns:mm0="http://fedorahosted.org/mirrormanager">
                 <files><file name="repomd.xml">
                  <mm0:timestamp>{DateTimeOffset.UtcNow.ToUnixTimeSeconds()}</mm0:timestamp>
                  <size>{lists.Length}</size>
                  <verification><hash type="md5">{Convert.ToHexStringLower(MD5.HashData(lists))}</hash><hash type="sha256">{Convert.ToHexStringLower(SHA256.HashData(lists))}</hash></verification>
                  <mm0:alternates><mm0:alternate><verification><hash type="sha256">{new string('0', 64)}</hash></verification></mm0:alternate></mm0:alternates>
                  <resources maxconnections="1"><url protocol="http" type="http" location="XX" preference="100">{server.Address}/{host.ListsFile}</url></resources>
                 </file></files>
                </metalink>
                """);
        }
    }

    [Theory]
    [InlineData("[a]\nbaseurl=http://x/$basearch/\n  http://y/\n[b]\nenabled=0\nmetalink=https://z/\n", "", "a Base http://x/ARCH/")]
    [InlineData("[a]\nbaseurl = http://x/\nmirrorlist=https://m/?r=${releasever}\n", "", "a MirrorList https://m/?r=RELEASE")]
    [InlineData("[a]\nmetalink=https://m/\nenabled=1\n", "[a]\nenabled=false\n", "")]
    [InlineData("[a]\nbaseurl=http://x/\nproxy=http://p/\n", "", null)]
    [InlineData("[a]\nbaseurl=http://user:password@x/\n", "", null)]
    [InlineData("[a]\nbaseurl=ftp://x/\n", "", null)]
    [InlineData("[a]\nbaseurl=http://x/$unknown\n", "", null)]
    [InlineData("[a]\nbaseurl=http://x/\n[a]\nbaseurl=http://y/\n", "", null)]
    [InlineData("[a]\nbaseurl=http://x/\n", "[*]\nenabled=0\n", null)]
    [InlineData("[a]\nenabled=perhaps\nbaseurl=http://x/\n", "", null)]
    [InlineData("[a]\nname=nowhere\n", "", null)]
    public void Repositories_are_read_from_settings_as_far_as_they_are_plainly_said(string settings, string overrides, string? expected)
    {
        host.Start();
        using var etc = new TestDirectory("settings");
        etc.Write("yum.repos.d/a.repo", settings);
        etc.Write("dnf/repos.override.d/50-a.repo", overrides);
        etc.Write("dnf/vars/releasever", "RELEASE\n");
        etc.Write("dnf/vars/basearch", "ARCH\n");
        using Sysroot sysroot = Sysroot.Open(host.Path);

        IReadOnlyList<DnfRepository>? read = DnfSettings.TryReadRepositories(etc["."], sysroot.Repository.OpenTree(host.Commit), _ => true);

        Assert.Equal(expected, read is null ? null : string.Join(' ', read.Select(repository => $"{repository.Id} {repository.Kind} {repository.Place}")));
    }

    private static string Update(string type, string name, string version) =>
        $"<update from=\"a@example.com\" status=\"stable\" type=\"{type}\" version=\"1\"><id>T-{name}</id><title>{name}</title><issued date=\"2026-01-01 00:00:00\"/><description>d</description>"
        + $"<pkglist><collection short=\"T\"><name>T</name><package name=\"{name}\" version=\"{version}\" release=\"1\" epoch=\"0\" arch=\"noarch\" src=\"{name}-{version}-1.src.rpm\"><filename>{name}-{version}-1.noarch.rpm</filename></package></collection></pkglist></update>\n";
}
