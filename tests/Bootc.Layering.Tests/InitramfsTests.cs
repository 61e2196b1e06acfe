// An initramfs that is the host's own: made by the image's dracut, or with files of /etc added.
using Bootc.Deployments;

namespace Bootc.Layering.Tests;

public sealed class InitramfsTests(DebianHost host) : IClassFixture<DebianHost>
{
    private string Version => Path.GetFileName(Directory.EnumerateDirectories(host.InDefault("usr/lib/modules")).Single());

    private string Image => host.InDefault($"usr/lib/modules/{Version}/initramfs.img");

    [Fact]
    public void One_that_is_made_on_the_host_follows_its_settings_and_arguments_and_is_kept_over_another_image()
    {
        host.Start();
        string before = host.Default.Bootcsum;
        File.WriteAllText(host.InDefault("etc/from-settings"), "mine\n");
        Directory.CreateDirectory(host.InDefault("etc/dracut.conf.d"));
        File.WriteAllText(host.InDefault("etc/dracut.conf.d/mine.conf"), "install_items+=\" /etc/from-settings \"\n");

        Assert.Equal(OperationOutcome.Changed, host.Run((operation, cancellation) => operation.EnableInitramfs(["--include", "/etc/hostname", "/etc/from-arguments"], cancellation)));

        Assert.NotEqual(before, host.Default.Bootcsum);
        Assert.Equal("true", host.Default.Origin.File.GetValue("rpmostree", "regenerate-initramfs"));
        Assert.Equal("--include;/etc/hostname;/etc/from-arguments;", host.Default.Origin.File.GetString("rpmostree", "initramfs-args"));
        Assert.False(host.Default.Origin.File.HasGroup("packages"));
        AssertHasBoth();
        host.AssertSound();

        Assert.Equal(OperationOutcome.Unchanged, host.Run((operation, cancellation) => operation.SyncInitramfs(cancellation)));
        host.Switch("v2");
        AssertHasBoth();
        host.Rollback();
        AssertHasBoth();

        host.Run((operation, cancellation) => operation.DisableInitramfs(cancellation));
        Assert.False(host.Default.Origin.File.HasGroup("rpmostree"));
        Assert.Equal(before, host.Default.Bootcsum);

        void AssertHasBoth()
        {
            string content = host.Chroot($"lsinitrd /usr/lib/modules/{Version}/initramfs.img").Succeeded();
            Assert.Contains("etc/from-settings", content);
            Assert.Contains("etc/from-arguments", content);
        }
    }

    [Fact]
    public void Files_of_etc_are_added_to_the_images_own()
    {
        host.Start();
        long size = new FileInfo(Image).Length;
        string directory = host.InDefault("etc/tracked.d");
        Directory.CreateDirectory(directory);
        File.WriteAllText(Path.Combine(directory, "inner"), "inner\n");
        File.WriteAllText(host.InDefault("etc/crypttab"), "disk UUID=1 none\n");
        File.CreateSymbolicLink(Path.Combine(directory, "link"), "inner");

        Assert.Equal(OperationOutcome.Changed, host.Run((operation, cancellation) => operation.ChangeInitramfsFiles(["/etc/crypttab", "/etc/tracked.d"], [], untrackAll: false, cancellation)));

        Assert.Equal("/etc/crypttab;/etc/tracked.d;", host.Default.Origin.File.GetString("rpmostree", "initramfs-etc"));
        Assert.Equal("etc etc/crypttab etc/tracked.d etc/tracked.d/inner etc/tracked.d/link", Listing(size));
        Assert.Equal("disk UUID=1 none\n", host.Chroot($"cd /tmp && tail -c +{Offset(size)} /usr/lib/modules/{Version}/initramfs.img | cpio -i --quiet && cat etc/crypttab").Succeeded());
        Assert.Equal("/etc/crypttab\n/etc/tracked.d\n", host.Bootc("initramfs-etc").Succeeded());
        Assert.Contains("in the initramfs: /etc/crypttab, /etc/tracked.d\n", host.Bootc("status", "--format", "human").Succeeded());
        host.AssertSound();

        Assert.Equal(OperationOutcome.Unchanged, host.Run((operation, cancellation) => operation.SyncInitramfs(cancellation)));
        File.WriteAllText(host.InDefault("etc/crypttab"), "disk UUID=2 none\n");
        Assert.Equal(OperationOutcome.Changed, host.Run((operation, cancellation) => operation.SyncInitramfs(cancellation)));
        Assert.Contains("UUID=2", host.Chroot($"tail -c +{Offset(size)} /usr/lib/modules/{Version}/initramfs.img").Output);

        host.Run((operation, cancellation) => operation.ChangeInitramfsFiles([], ["/etc/tracked.d"], untrackAll: false, cancellation));
        Assert.Equal("etc etc/crypttab", Listing(size));
        host.Run((operation, cancellation) => operation.ChangeInitramfsFiles([], [], untrackAll: true, cancellation));
        Assert.Equal(size, new FileInfo(Image).Length);
        Assert.False(host.Default.Origin.File.HasGroup("rpmostree"));
    }

    [Fact]
    public void What_cannot_be_in_an_initramfs_is_refused_and_nothing_is_changed()
    {
        host.Start();
        string before = host.State;

        Assert.Contains("'/usr/bin/sh' is no path of a file in /etc", Track("/usr/bin/sh"));
        Assert.Contains("is no path of a file in /etc", Track("/etc/../usr/bin/sh"));
        Assert.Contains("the host has no such file", Track("/etc/not-there"));
        Assert.Contains("/etc/hostname is not among the files", Assert.Throws<LayeringException>(() => host.Run((operation, cancellation) => operation.ChangeInitramfsFiles([], ["/etc/hostname"], false, cancellation))).Message);
        Assert.Contains("no argument that an origin can keep", Assert.Throws<LayeringException>(() => host.Run((operation, cancellation) => operation.EnableInitramfs(["a;b"], cancellation))).Message);
        Assert.Contains("the initramfs could not be made anew", Assert.Throws<LayeringException>(() => host.Run((operation, cancellation) => operation.EnableInitramfs(["--no-such-option"], cancellation))).Message);

        Assert.Equal(before, host.State);

        string Track(string file) => Assert.Throws<LayeringException>(() => host.Run((operation, cancellation) => operation.ChangeInitramfsFiles([file], [], false, cancellation))).Message;
    }

    private string Listing(long size) =>
        string.Join(' ', host.Chroot($"tail -c +{Offset(size)} /usr/lib/modules/{Version}/initramfs.img | cpio -it --quiet").Succeeded().Split('\n', StringSplitOptions.RemoveEmptyEntries));

    // tail counts from one.
    private static long Offset(long size) => ((size + 3) / 4 * 4) + 1;
}
