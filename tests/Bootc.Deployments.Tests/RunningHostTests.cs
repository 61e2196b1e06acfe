// What is done to the mounts of a running host, which a test has in a namespace of its own.
using Bootc.Testing;

namespace Bootc.Deployments.Tests;

public class RunningHostTests
{
    // On a file system of its own, since an overlay cannot be written to another overlay, such as containers have.
    private const string TmpOnDisk = "mount -t tmpfs none /var/tmp; ";

    [Fact]
    public void Overlay_on_usr_can_be_written_to_and_libostree_knows_of_it()
    {
        using TestHost host = Installed(out BootedHost booted);

        CommandResult result = booted.Shell(TmpOnDisk + "$BOOTC usr-overlay; echo mine > /usr/only-here; cat /usr/only-here; $BOOTC usroverlay");

        Assert.Equal((1, "/usr can be changed; the changes are gone with the next boot\nmine\n"), (result.ExitCode, result.Output));
        Assert.Equal("error: /usr has an overlay already (unlocked-development); it is gone with the next boot\n", result.Error);
        Assert.False(File.Exists("/usr/only-here"));
        Assert.Contains("Unlocked: development", booted.Ostree("admin", "status").Succeeded());
    }

    [Fact]
    public void Read_only_overlay_is_writable_after_a_remount_only()
    {
        using TestHost host = Installed(out BootedHost booted);

        CommandResult result = booted.Shell(TmpOnDisk + "$BOOTC usr-overlay --read-only; touch /usr/x 2> /dev/null || echo refused; unshare -m --propagation unchanged sh -c 'mount -o remount,rw /usr && touch /usr/x'; ls /usr/x");

        Assert.Equal((0, "An overlay is on /usr, read-only so far; what is changed in it is gone with the next boot\nrefused\n/usr/x\n", ""), (result.ExitCode, result.Output, result.Error));
        Assert.Contains("Unlocked: transient", booted.Ostree("admin", "status").Succeeded());
    }

    // /sysroot is where the deployments are, as on a real host, and read-only to everyone but the program that changes it.
    [Fact]
    public void Sysroot_and_boot_that_are_mounted_read_only_are_written_to_by_the_program_alone()
    {
        using TestHost host = Installed(out BootedHost booted);
        Directory.CreateDirectory(host["sysroot"]);

        CommandResult result = booted.Shell("""
            mount --bind / /sysroot; mount --bind /boot /boot; mount -o bind,remount,ro /sysroot; mount -o bind,remount,ro /boot
            mount --bind /sysroot/ostree /ostree; mount -o bind,remount,ro /ostree; umount /ostree
            $BOOTC kargs --append=debug --quiet; $BOOTC internals finalize-staged > /dev/null; $BOOTC kargs
            touch /sysroot/x 2> /dev/null || touch /boot/x 2> /dev/null || echo still read-only
            """);

        Assert.Equal((0, "debug\nstill read-only\n", ""), (result.ExitCode, result.Output, result.Error));
        host.AssertSound();
    }

    // systemd takes them for the units of what is mounted.
    [Fact]
    public void Mounts_that_only_the_initramfs_makes_are_kept_over_a_soft_reboot()
    {
        using TestHost host = Installed(out BootedHost booted);
        Directory.CreateDirectory(host["sysroot"]);

        CommandResult result = booted.Shell("""
            mkdir /run/first /run/second; mount --bind / /sysroot; mount --bind /boot /boot; mkdir -p /etc; mount -t tmpfs none /etc
            $BOOTC internals systemd-generator /run/first /run/early /run/late; ls /run/first; grep -h "What\|Options\|Default" /run/first/var.mount /run/first/boot.mount
            rm /run/ostree-booted; $BOOTC internals systemd-generator /run/second; ls /run/second
            """);

        Assert.Equal(
            (0, "boot.mount\nsysroot.mount\nvar.mount\nDefaultDependencies=no\nWhat=/sysroot/ostree/deploy/default/var\nOptions=bind\nDefaultDependencies=no\nWhat=/sysroot/boot\nOptions=bind\n", ""),
            (result.ExitCode, result.Output, result.Error));
    }

    private static TestHost Installed(out BootedHost booted)
    {
        Oracle.Require();
        var host = new TestHost();
        host.Switch(OsImage.Create("1").WriteTo(host.Images));
        booted = new BootedHost(host);
        return host;
    }
}
