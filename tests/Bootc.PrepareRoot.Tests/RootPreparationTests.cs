// The root as it is made, in a mount namespace of this machine.
using Bootc.Ostree.GVariant;
using Bootc.Testing;

namespace Bootc.PrepareRoot.Tests;

public class RootPreparationTests
{
    [Fact]
    public void The_image_is_the_root_and_etc_and_var_are_the_hosts()
    {
        using var initramfs = new Initramfs();

        string[] lines = Lines(initramfs.Boot("""
            cat usr/lib/os-release | grep VERSION_ID
            findmnt -n -o FSTYPE,OPTIONS -T usr | cut -c1-10
            for name in usr sysroot etc var; do touch $name/new 2> /dev/null && echo $name can be written; done
            ls sysroot/ostree/deploy/default/deploy/*.0/etc/new sysroot/ostree/deploy/default/var/new | wc -l
            ls ../run/ostree/initramfs-mount-var
            od -An -v -tx1 ../run/ostree-booted | tr -d ' \n'
            """));

        Assert.Equal(["VERSION_ID=1", "overlay ro", "etc can be written", "var can be written", "2", "../run/ostree/initramfs-mount-var"], lines[..^1]);
        VariantDictionary booted = VariantDictionary.Parse(Convert.FromHexString(lines[^1]));
        Assert.Equal((true, false, true, false), (booted.TryGetBoolean("composefs"), booted.TryGetBoolean("composefs.verity"), booted.TryGetBoolean("sysroot-ro"), booted.TryGetBoolean("root.transient")));
        Assert.True(booted.ContainsKey("backing-root-device-inode"));
    }

    [Theory]
    [InlineData("[composefs]\nenabled=no\n", false)]
    [InlineData("[composefs]\nenabled=maybe\n", true)]
    public void Without_composefs_the_deployments_directory_is_the_root(string configuration, bool withoutImage)
    {
        using var initramfs = new Initramfs(configuration);
        if (withoutImage)
        {
            File.Delete(initramfs.Deployment + "/.ostree.cfs");
        }

        string[] lines = Lines(initramfs.Boot("cat usr/lib/os-release | grep VERSION_ID; findmnt -n -o OPTIONS usr | cut -c1-2; touch usr/new 2> /dev/null || touch etc/new"));

        Assert.Equal(["VERSION_ID=1", "ro"], lines);
        Assert.True(File.Exists(initramfs.Deployment + "/etc/new"));
    }

    [Fact]
    public void A_transient_etc_starts_from_the_defaults_and_leaves_the_deployments_alone()
    {
        using var initramfs = new Initramfs("[composefs]\nenabled=yes\n[etc]\ntransient=true\n");
        File.WriteAllText(initramfs.Deployment + "/etc/motd", "changed\n");

        Assert.Equal(["Welcome"], Lines(initramfs.Boot("cat etc/motd; touch etc/new")));
        Assert.False(File.Exists(initramfs.Deployment + "/etc/new"));
    }

    [Theory]
    [InlineData("transient", "written")]
    [InlineData("transient-ro", "read-only")]
    public void A_transient_root_forgets(string key, string expected)
    {
        using var initramfs = new Initramfs($"[composefs]\nenabled=yes\n[root]\n{key}=true\n");

        Assert.Equal([expected], Lines(initramfs.Boot("touch usr/new 2> /dev/null && echo written || echo read-only")));
        Assert.False(File.Exists(initramfs.Deployment + "/usr/new"));
    }

    // The mounts of what runs stay as they are: /sysroot below the next root is another one.
    [Fact]
    public void The_next_root_is_made_beside_the_running_system()
    {
        using var initramfs = new Initramfs();

        string[] lines = Lines(initramfs.PrepareNext(initramfs.DeploymentPath, """
            cat usr/lib/os-release | grep VERSION_ID
            findmnt -n -o FSTYPE,OPTIONS -T usr | cut -c1-10
            for name in usr sysroot etc var; do touch $name/new 2> /dev/null && echo $name can be written; done
            ls ../../sysroot/ostree/deploy/default/deploy/*.0/etc/new ../../sysroot/ostree/deploy/default/var/new | wc -l
            findmnt -n -o TARGET | grep -c /sysroot/ostree
            findmnt -n -o TARGET | grep -c run/ostree/.private || true
            test ! -e ../../run/ostree-booted
            od -An -v -tx1 ../../run/ostree/nextroot-booted | tr -d ' \n'
            """));

        Assert.Equal(["VERSION_ID=1", "overlay ro", "etc can be written", "var can be written", "2", "1", "0"], lines[..^1]);
        VariantDictionary booted = VariantDictionary.Parse(Convert.FromHexString(lines[^1]));
        Assert.Equal((true, true), (booted.TryGetBoolean("composefs"), booted.TryGetBoolean("sysroot-ro")));
        Assert.True(booted.ContainsKey("backing-root-device-inode"));
    }

    [Fact]
    public void A_next_root_takes_the_place_of_the_one_before()
    {
        using var initramfs = new Initramfs();

        string[] lines = Lines(initramfs.PrepareNext(initramfs.DeploymentPath, """
            cd ../..
            chroot . "$PROGRAM" "$@" > /dev/null
            findmnt -n -o TARGET | grep -c 'nextroot$'
            """));

        Assert.Equal(["1"], lines);
    }

    [Theory]
    [InlineData("[composefs]\nenabled=no\n", "DEPLOYMENT", "error: a soft reboot needs composefs, and this deployment would be booted without")]
    [InlineData("[composefs]\nenabled=yes\n", "ostree/deploy/default/deploy", "error: ostree/deploy/default/deploy is no deployment")]
    public void A_next_root_that_cannot_be_made_leaves_nothing(string configuration, string path, string message)
    {
        using var initramfs = new Initramfs(configuration);
        CommandResult result = initramfs.PrepareNext(path.Replace("DEPLOYMENT", initramfs.DeploymentPath));

        Assert.Equal((1, message), (result.ExitCode, result.Error.Split('\n')[0]));
    }

    private static string[] Lines(CommandResult result) =>
        [.. result.Succeeded().Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(line => !line.StartsWith("booting ", StringComparison.Ordinal) && !line.StartsWith("composefs is mounted", StringComparison.Ordinal))];
}
