// Checks of an image's tree: what each finds, what it lets pass, and what stands in its way.
using Bootc.Deployments.Lint;
using Bootc.Linux;
using Bootc.Testing;

namespace Bootc.Deployments.Tests;

public sealed class ImageLintTests : IDisposable
{
    private readonly TestDirectory _root = new("lint");

    public ImageLintTests()
    {
        foreach (string name in (string[])["dev", "proc", "run", "sys", "tmp", "var", "boot", "sysroot", "etc"])
        {
            Directory.CreateDirectory(_root[name]);
        }

        File.CreateSymbolicLink(_root["ostree"], "sysroot/ostree");
        _root.Write("usr/lib/modules/6.1/vmlinuz", "kernel");
        _root.Write("usr/lib/ostree/prepare-root.conf", "[composefs]\nenabled = true\n");
    }

    public void Dispose() => _root.Dispose();

    [Fact]
    public void Names_are_those_of_bootc() =>
        Assert.Equal(
            "api-base-directories baseimage-composefs baseimage-root bootc-kargs buildah-injected etc-usretc kernel nonempty-boot nonempty-run-tmp sysusers utf8 var-log var-run var-tmpfiles",
            string.Join(' ', ImageLints.All.Select(lint => lint.Name)));

    [Fact]
    public void Good_image_passes()
    {
        LintReport report = ImageLints.Run(_root.Handle, isRunning: false, []);

        Assert.Equal((13, 1, 0, 0), (report.Passed, report.Skipped, report.Warnings, report.Failures));
    }

    [Fact]
    public void Checks_are_skipped_by_name_and_for_the_kind_of_root()
    {
        _root.Write("etc/hostname", "");
        _root.Write("var/log/a.log", "x");

        LintReport running = ImageLints.Run(_root.Handle, isRunning: true, ["var-log", "var-tmpfiles", "no-such-check"]);
        LintReport other = ImageLints.Run(_root.Handle, isRunning: false, []);

        Assert.Equal((11, 3, 0), (running.Passed, running.Skipped, running.Warnings));
        Assert.Equal(["buildah-injected", "var-log"], other.Results.Where(result => !result.IsPassed).Select(result => result.Lint.Name));
    }

    [Theory]
    [InlineData("api-base-directories", "rmdir sys; touch sys; rmdir proc", "Fatal: /proc is missing; /sys is no directory")]
    [InlineData("baseimage-composefs", "mkdir -p etc/ostree; echo '[composefs]' > etc/ostree/prepare-root.conf", "Warning: /etc/ostree/prepare-root.conf does not enable composefs")]
    [InlineData("baseimage-composefs", "rm usr/lib/ostree/prepare-root.conf", "Warning: there is no /usr/lib/ostree/prepare-root.conf, so composefs is not enabled")]
    [InlineData("baseimage-composefs", "echo 'x' > usr/lib/ostree/prepare-root.conf", "Fatal: line 1 'x' is no key of a group")]
    [InlineData("baseimage-composefs", "printf '[composefs]\\nenabled=no\\n[root]\\ntransient=true\\n' > usr/lib/ostree/prepare-root.conf", "")]
    [InlineData("baseimage-composefs", "mkdir -p usr/share/doc/bootc/baseimage/base", "Warning: there is no /usr/share/doc/bootc/baseimage/base/usr/lib/ostree/prepare-root.conf, so composefs is not enabled")]
    [InlineData("baseimage-root", "ln -sfn elsewhere ostree; rmdir sysroot", "Fatal: /sysroot is no directory, or missing; /ostree is a link to elsewhere, not to sysroot/ostree")]
    [InlineData("baseimage-root", "rm ostree; mkdir ostree", "Fatal: /ostree is no link to sysroot/ostree, or missing")]
    [InlineData("bootc-kargs", "mkdir -p usr/lib/bootc; touch usr/lib/bootc/kargs.d", "Fatal: cannot open directory '$ROOT/usr/lib/bootc/kargs.d': Not a directory (ENOTDIR)")]
    [InlineData("bootc-kargs", "mkdir -p usr/lib/bootc/kargs.d; echo 'foo = 1' > usr/lib/bootc/kargs.d/a.toml", "Fatal: /usr/lib/bootc/kargs.d/a.toml, line 1: there is no setting 'foo', only kargs and match-architectures")]
    [InlineData("bootc-kargs", "mkdir -p usr/lib/bootc/kargs.d; echo garbage > usr/lib/bootc/kargs.d/a.conf", "")]
    [InlineData("buildah-injected", "touch etc/resolv.conf; echo name > etc/hostname", "Warning: /etc/resolv.conf is empty, as container engines leave it")]
    [InlineData("etc-usretc", "mkdir usr/etc", "Fatal: there is /usr/etc beside /etc")]
    [InlineData("etc-usretc", "mv etc usr/etc", "")]
    [InlineData("kernel", "mkdir usr/lib/modules/6.2 usr/lib/modules/extra; touch usr/lib/modules/6.2/vmlinuz", "Fatal: there are several kernels in /usr/lib/modules: 6.1 6.2")]
    [InlineData("kernel", "rm -r usr/lib/modules", "")]
    [InlineData("nonempty-boot", "mkdir -p boot/EFI/Linux boot/loader; touch boot/vmlinuz", "Warning: /boot is not empty: loader vmlinuz")]
    [InlineData("nonempty-boot", "mkdir -p boot/EFI/Linux", "")]
    [InlineData("nonempty-boot", "rmdir boot", "Warning: /boot is missing")]
    [InlineData("nonempty-run-tmp", "mkdir -p run/systemd/resolve run/dnf; touch tmp/left run/systemd/resolve/stub-resolv.conf", "Warning: there is something in /run or /tmp: /run/dnf /tmp/left")]
    [InlineData("nonempty-run-tmp", "mkdir -p run/systemd/resolve; touch run/systemd/resolve/x", "Warning: there is something in /run or /tmp: /run/systemd /run/systemd/resolve /run/systemd/resolve/x")]
    [InlineData("var-log", "mkdir -p var/log/b; echo x > var/log/b/c; echo x > var/log/a; touch var/log/empty; ln -s /usr/share/doc/README var/log/README", "Warning: there are logs in /var/log: /var/log/a /var/log/b/c")]
    [InlineData("var-run", "mkdir var/run", "Fatal: /var/run is no link")]
    [InlineData("var-run", "ln -s ../run var/run", "")]
    [InlineData("utf8", "touch \"$(printf 'etc/bad\\377name')\"; ln -s \"$(printf 'x\\200')\" etc/link; ln -s loop etc/loop; ln -s .. etc/up", "Fatal: there are names that are not UTF-8: /etc/bad\\xFFname; there are links whose targets are not UTF-8: /etc/link")]
    public void Check_finds(string lint, string change, string expected)
    {
        Peer.Run("sh", "-c", $"cd '{_root.Path}'; {change}").Succeeded();

        LintResult result = ImageLints.Run(_root.Handle, isRunning: false, []).Results.Single(result => result.Lint.Name == lint);

        Assert.Equal(expected.Replace("$ROOT", _root.Path), Describe(result));
    }

    [Fact]
    public void Users_and_groups_must_come_from_rules()
    {
        _root.Write("etc/passwd", "root:x:0:0:Super User:/root:/bin/bash\n# comment\n+nis\navahi:x:70:70::/:/sbin/nologin\nsshd:x:74:74::/:/sbin/nologin\nbin:x:1:1::/:/sbin/nologin\n");
        _root.Write("etc/group", "root:x:0:\nwheel:x:10:\nsshd:x:74:\nrender:x:105:\n");
        _root.Write("usr/lib/sysusers.d/basic.conf", "# comment\nu root 0:0 \"Super User\" /root /bin/bash\n\ng wheel 10\nm bin wheel\nr - 100-200\nu! bin 1\n");
        _root.Write("usr/lib/sysusers.d/README", "u avahi\n");
        File.CreateSymbolicLink(_root["usr/lib/sysusers.d/masked.conf"], "/dev/null");

        Assert.Equal("Warning: users of /etc/passwd have no entry in sysusers.d: avahi sshd; groups of /etc/group have no entry in sysusers.d: render sshd", Describe("sysusers"));
    }

    [Fact]
    public void Content_of_var_must_come_from_rules()
    {
        Peer.Run(
            "sh",
            "-c",
            $"cd '{_root.Path}'; mkdir -p var/roothome/.ssh var/lib/ruled var/lib/missing 'var/lib/a b' var/cache; chmod 2750 var/lib/missing; ln -s var/roothome root; ln -s ../elsewhere var/lib/link; echo x > var/lib/file; chown 7:8 var/lib/missing")
            .Succeeded();
        _root.Write("etc/passwd", "seven:x:7:7::/:/bin/sh\nroot:x:0:0::/:/bin/sh\n");
        _root.Write("etc/group", "root:x:0:\n");
        _root.Write("usr/lib/tmpfiles.d/var.conf", "# comment\nd /var/lib 0755 - - -\nd  \"/var/lib/a b\"\nQ /var/cache\nd /var/roothome\n");
        _root.Write("etc/tmpfiles.d/own.conf", "d /root/.ssh 0700 root root -\nd! /var/lib/\\x72uled\nd /run/not/there\n");

        Assert.Equal(
            "Warning: directories and links in /var have no entry in tmpfiles.d; these would do: L /var/lib/link - - - - ../elsewhere d /var/lib/missing 2750 seven 8 - -; there are files in /var: /var/lib/file",
            Describe("var-tmpfiles"));
    }

    [Fact]
    public void What_is_mounted_is_no_part_of_the_image()
    {
        Peer.RequireRoot("something is mounted");
        Peer.Run("mount", "-t", "tmpfs", "none", _root["run"]).Succeeded();
        _root.Write("run/mounted/x", "x");
        _root.Write("tmp/secrets", "");
        Peer.Run("mount", "--bind", "/etc/passwd", _root["tmp/secrets"]).Succeeded();
        Directory.CreateDirectory(_root["var/log"]);
        Peer.Run("mount", "-t", "tmpfs", "none", _root["var/log"]).Succeeded();
        File.WriteAllBytes(_root["var/log/a"], []);

        Assert.Equal("", Describe("nonempty-run-tmp"));
        Assert.Equal("Warning: directories and links in /var have no entry in tmpfiles.d; these would do: d /var/log 1777 0 0 - -", Describe("var-tmpfiles"));
    }

    private string Describe(string lint) => Describe(ImageLints.Run(_root.Handle, isRunning: true, []).Results.Single(result => result.Lint.Name == lint));

    private static string Describe(LintResult result) =>
        result.IsPassed ? "" : $"{result.Severity}: {string.Join("; ", result.Findings.Select(finding => finding.Message + (finding.Items.Count > 0 ? ": " + string.Join(' ', finding.Items) : "")))}";
}
