// Roots that somebody else made: what is there is respected, libostree reads the result, and a host can start anew.
using Bootc.Testing;

namespace Bootc.Install.Tests;

public class ToFilesystemTests
{
    [Fact]
    public void Empty_root_is_filled_and_finalized()
    {
        using var root = new MountedRoot();
        Oracle.Require();

        root.Bootc("install", "to-filesystem", "--source-imgref", root.Image, "--bootloader", "none", "--karg", "quiet", "--karg-delete", "quiet", "--skip-fetch-check", "--skip-finalize", root.Path).Succeeded();
        root.Bootc("install", "finalize", root.Path).Succeeded();

        string uuid = Peer.Run("findmnt", "-n", "-o", "UUID", root.Path).Succeeded().Trim();
        Assert.Contains($"options root=UUID={uuid} rw quiet ostree=", File.ReadAllText(root["boot/loader/entries/ostree-1.conf"]));
        Assert.Matches("default [0-9a-f]{64}\\.0", Oracle.Run("ostree", "admin", "status", "--sysroot", root.Path).Succeeded());
        var again = root.Bootc("install", "to-filesystem", "--source-imgref", root.Image, "--bootloader", "none", root.Path);
        Assert.Contains("is installed from an image already", again.Error);
    }

    [Fact]
    public void What_is_there_is_kept_unless_it_is_to_go()
    {
        using var root = new MountedRoot();
        Directory.CreateDirectory(root["home/user"]);
        File.WriteAllText(root["home/user/thesis"], "years of work");
        Directory.CreateDirectory(root["boot/grub"]);
        File.WriteAllText(root["boot/vmlinuz-old"], "");
        string[] install = ["install", "to-filesystem", "--source-imgref", root.Image, "--bootloader", "none", root.Path];

        var refused = root.Bootc(install);
        Assert.Equal((1, $"error: {root.Path} is not empty: it has home; --replace wipe removes all that is there, --replace alongside installs beside it\n"), (refused.ExitCode, refused.Error));
        Assert.True(File.Exists(root["boot/vmlinuz-old"]));

        root.Bootc([.. install, "--replace", "alongside", "--stateroot", "os"]).Succeeded();
        Assert.Equal("years of work", File.ReadAllText(root["home/user/thesis"]));
        Assert.False(File.Exists(root["boot/vmlinuz-old"]));
        Assert.True(Directory.Exists(root["ostree/deploy/os/deploy"]));

        root.Bootc([.. install, "--replace", "wipe"]).Succeeded();
        Assert.False(Directory.Exists(root["home"]));
        Assert.True(Directory.Exists(root["ostree/deploy/default/deploy"]));
    }

    [Fact]
    public void Updates_that_the_installed_system_could_not_fetch_are_told_when_asked_for()
    {
        using var root = new MountedRoot();
        string[] install = ["install", "to-filesystem", "--source-imgref", root.Image, "--bootloader", "none", "--skip-finalize", "--replace", "wipe", "--run-fetch-check", root.Path];

        var refused = root.Bootc([.. install, "--target-imgref", "oci:/nonexistent"]);

        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("error: the installed system could not fetch oci:/nonexistent with its own settings and credentials: ", refused.Error);
        root.Bootc(install).Succeeded();
    }

    [Fact]
    public void Reset_gives_a_stateroot_of_its_own()
    {
        using var root = new MountedRoot();
        Oracle.Require();
        root.Bootc("install", "to-filesystem", "--source-imgref", root.Image, "--bootloader", "none", "--karg", "local=1", "--karg", "rd.luks=0", root.Path).Succeeded();
        string name = $"s{DateTime.UtcNow.Year}-0";

        Assert.Equal(2, root.Bootc("install", "reset", "--sysroot", root.Path).ExitCode);
        root.Bootc("install", "reset", "--experimental", "--karg", "new=1", "--sysroot", root.Path).Succeeded();

        string status = Oracle.Run("ostree", "admin", "status", "--sysroot", root.Path).Succeeded();
        Assert.Matches($"{name} [0-9a-f]{{64}}\\.0", status);
        Assert.Matches("default [0-9a-f]{64}\\.0", status);
        string entry = File.ReadAllText(root["boot/loader/entries/ostree-2.conf"]);
        Assert.Contains(" rw rd.luks=0 new=1 ostree=", entry);
        Assert.DoesNotContain("local=1", entry);
        Assert.Contains($"there is a stateroot '{name}' already", root.Bootc("install", "reset", "--experimental", "--stateroot", name, "--sysroot", root.Path).Error);
    }

    [Fact]
    public void Reset_to_another_image_tells_that_less_is_asked_of_it()
    {
        using var root = new MountedRoot();
        root.Bootc("install", "to-filesystem", "--source-imgref", root.Image, "--enforce-container-sigpolicy", "--bootloader", "none", root.Path).Succeeded();
        string[] reset = ["install", "reset", "--experimental", "--sysroot", root.Path];
        string other = root.Image.Replace("oci:", "oci:/..");

        CommandResult unsigned = root.Bootc([.. reset, "--target-transport", "oci", "--target-imgref", other["oci:".Length..]]);
        CommandResult refused = root.Bootc([.. reset, "--target-imgref", other, "--enforce-container-sigpolicy"]);
        CommandResult nothing = root.Bootc([.. reset, "--enforce-container-sigpolicy"]);

        unsigned.Succeeded();
        Assert.Contains($"warning: {root.Image} had to be signed, and {other} has not: --enforce-container-sigpolicy asks for that\n", unsigned.Error);
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("error: ", refused.Error);
        Assert.Contains("sign", refused.Error);
        Assert.Equal(2, nothing.ExitCode);
        Assert.Contains("which is not given", nothing.Error);
    }

    [Fact]
    public void What_is_there_stays_when_the_installation_cannot_be_done()
    {
        using var root = new MountedRoot();
        File.WriteAllText(root["thesis"], "years of work");
        string[] install = ["install", "to-filesystem", "--replace", "wipe", root.Path];

        var missing = root.Bootc([.. install, "--bootloader", "none", "--source-imgref", "oci:" + root.Beside("nowhere")]);
        var noPlace = root.Bootc([.. install, "--source-imgref", root.Image]);
        Peer.Run("mount", "-o", "remount,ro", root.Path).Succeeded();
        var readOnly = root.Bootc([.. install, "--bootloader", "none", "--source-imgref", root.Image]);

        Assert.Contains($"there is no image directory {root.Beside("nowhere")}", missing.Error);
        Assert.Contains("there is no place for a boot loader: no EFI system partition is mounted", noPlace.Error);
        Assert.Equal((1, $"error: {root.Path} is mounted read-only\n"), (readOnly.ExitCode, readOnly.Error));
        Assert.Equal("years of work", File.ReadAllText(root["thesis"]));
    }

    [Theory]
    [InlineData("wipe")]
    [InlineData("alongside")]
    public void What_is_there_stays_when_the_image_cannot_be_booted(string replace)
    {
        using var root = new MountedRoot(OsImage.Create().AddLayer(layer => layer.OpaqueWhiteout("usr/lib/modules")));
        File.WriteAllText(root["thesis"], "years of work");
        Directory.CreateDirectory(root["boot"]);
        File.WriteAllText(root["boot/vmlinuz-old"], "the kernel");

        CommandResult result = root.Bootc("install", "to-filesystem", "--replace", replace, "--bootloader", "none", "--source-imgref", root.Image, root.Path);

        Assert.Equal(1, result.ExitCode);
        Assert.Contains("is not bootable: it has no kernel at /usr/lib/modules/VERSION/vmlinuz", result.Error);
        Assert.Equal(("years of work", "the kernel"), (File.ReadAllText(root["thesis"]), File.ReadAllText(root["boot/vmlinuz-old"])));
        Assert.False(Directory.Exists(root["ostree"]));
    }

    [Fact]
    public void Signatures_that_the_image_asks_for_are_asked_of_its_updates()
    {
        using var root = new MountedRoot(OsImage.Create().AddLayer(layer => layer.File("usr/lib/bootc/install/10.toml", "[install]\nenforce-container-sigpolicy = true\n")));

        root.Bootc("install", "to-filesystem", "--source-imgref", root.Image, "--bootloader", "none", root.Path).Succeeded();

        Assert.Contains($"container-image-reference=ostree-image-signed:{root.Image}", File.ReadAllText(Directory.GetFiles(root["ostree/deploy/default/deploy"], "*.origin").Single()));
    }

    [Theory]
    [InlineData("to-disk", "--block-setup=tpm2-luks", "--block-setup is 'direct' only: a root that is encrypted is made and mounted before, and installed to with 'bootc install to-filesystem'")]
    [InlineData("to-disk", "--composefs-backend", "--composefs-backend is not offered: there is one back end: deployments are those of libostree, and their roots are composefs images already")]
    [InlineData("to-filesystem", "--allow-missing-verity", "--allow-missing-verity is not offered: files are sealed with fs-verity where the file system can, and prepare-root.conf says what a boot demands")]
    [InlineData("to-filesystem", "--uki-addon=x", "--uki-addon is not offered: images boot by their kernel and initramfs, not by unified kernel images")]
    [InlineData("to-existing-root", "--cleanup", "--cleanup is not offered: what the system before leaves is in /sysroot of the new one, to be removed there by whoever knows what is not needed")]
    [InlineData("to-existing-root", "--bootupd-skip-boot-uuid", "--bootupd-skip-boot-uuid is not offered: the boot loader is installed without bootupd, and finds /boot by its UUID")]
    [InlineData("to-disk", "--bootloader=grub-cc", "--bootloader is one of grub, systemd, none, not 'grub-cc'")]
    [InlineData("to-disk", "--bound-images=stored", "--bound-images is one of pull, skip, not 'stored'")]
    public void Options_that_are_not_offered_are_refused_with_the_reason(string command, string option, string expected)
    {
        var result = Peer.Run(ToDiskTests.Executable, "install", command, option, "--source-imgref", "oci:image", "/nowhere");

        Assert.Equal((2, $"error: {expected}"), (result.ExitCode, result.Error.Split('\n')[0]));
    }

    [Theory]
    [InlineData("grub", "there is no place for GRUB: no EFI system partition is mounted at boot/efi or efi of the root, and its disk has no BIOS boot partition")]
    [InlineData("systemd", "systemd-boot needs an EFI system partition, and none is mounted at boot/efi, efi or boot of the root")]
    public void Boot_loader_without_a_place_is_refused(string bootLoader, string expected)
    {
        using var root = new MountedRoot();
        var result = root.Bootc("install", "to-filesystem", "--source-imgref", root.Image, "--bootloader", bootLoader, root.Path);
        Assert.Equal(1, result.ExitCode);
        Assert.EndsWith($"error: {expected}\n", result.Error);
    }
}
