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
    public void Installation_that_was_broken_off_is_begun_anew()
    {
        using var root = new MountedRoot();
        Oracle.Require();
        Directory.CreateDirectory(root["home"]);
        string[] install = ["install", "to-filesystem", "--replace", "alongside", "--source-imgref", root.Image, "--bootloader", "none", root.Path];

        CommandResult broken = root.Bootc([.. install, "--run-fetch-check", "--target-imgref", "oci:/nonexistent"]); // found out last
        bool isLeft = Directory.Exists(root["ostree/repo"]);
        CommandResult again = root.Bootc(install);

        Assert.Equal((1, true), (broken.ExitCode, isLeft));
        again.Succeeded();
        Assert.True(Directory.Exists(root["home"]));
        Assert.False(File.Exists(root["ostree/.bootc-installing"]));
        Assert.Matches("default [0-9a-f]{64}\\.0", Oracle.Run("ostree", "admin", "status", "--sysroot", root.Path).Succeeded());
        Oracle.Run("ostree", "fsck", "--repo", root["ostree/repo"]).Succeeded();
        Assert.Contains("is installed from an image already", root.Bootc(install).Error);
    }

    [Fact]
    public void Subvolume_is_found_at_boot()
    {
        using var root = new MountedRoot(subvolume: "os");
        string[] install = ["install", "to-filesystem", "--source-imgref", root.Image, root.Path];
        Directory.CreateDirectory(root["boot"]);

        CommandResult grub = root.Bootc([.. install, "--bootloader", "grub"]);
        root.Bootc([.. install, "--bootloader", "none"]).Succeeded();
        string entry = File.ReadAllText(root["boot/loader/entries/ostree-1.conf"]);
        root.Bootc([.. install, "--bootloader", "none", "--replace", "wipe", "--root-mount-spec", "LABEL=mine"]).Succeeded();

        Assert.Equal("error: GRUB does not find /boot in a subvolume: mount a file system of its own at boot of the root, or use systemd-boot\n", grub.Error);
        Assert.Matches("options root=UUID=[0-9a-f-]+ rootflags=subvol=/os rw ostree=", entry);
        Assert.Contains("options root=LABEL=mine rw ostree=", File.ReadAllText(root["boot/loader/entries/ostree-1.conf"]));
    }

    [Theory]
    [InlineData("BOOT_IMAGE=/vmlinuz root=UUID=0A-1b rd.luks.uuid=x rootflags=subvol=root quiet rd.lvm.lv=vg/root", "UUID=0A-1b", "rd.luks.uuid=x rootflags=subvol=root rd.lvm.lv=vg/root")]
    [InlineData("root=/dev/other root=/dev/mapper/vg-root ro", "/dev/mapper/vg-root", "")]
    [InlineData("root=UUID=other rd.luks.uuid=x", null, null)]
    [InlineData("quiet", null, null)]
    public void Root_is_found_as_the_running_system_finds_it(string commandLine, string? spec, string? others)
    {
        RootArguments? found = RootArguments.TryFind(commandLine, "/dev/mapper/vg-root", "0a-1b");

        Assert.Equal((spec, others), (found?.Spec, found is null ? null : string.Join(' ', found.Others)));
    }

    // As podman mounts it: its storage where it is on the host, and its description of the container.
    [Fact]
    public void Container_installs_its_own_image()
    {
        Peer.Require("skopeo", "unshare");
        using var root = new MountedRoot();
        string store = root.Beside("store"), settings = root.Beside("storage.conf"), description = root.Beside("containerenv");
        Peer.Run("skopeo", "copy", "-q", root.Image, $"containers-storage:[vfs@{store}+{root.Beside("run")}]quay.example/os/web:1").Succeeded();
        string id = System.Text.Json.Nodes.JsonNode.Parse(File.ReadAllText(Path.Combine(store, "vfs-images/images.json")))![0]!["id"]!.GetValue<string>();
        File.WriteAllText(settings, $"[storage]\ndriver = \"vfs\"\ngraphroot = \"{store}\"\n");
        CommandResult InContainer(string text, params string[] install)
        {
            File.WriteAllText(description, text);
            string[] command = ["-m", "sh", "-c", "mount -t tmpfs none /run && cp \"$0\" /run/.containerenv && exec \"$@\"", description, ToDiskTests.Executable, "install", .. install];
            return Peer.Run("unshare", command, null, new Dictionary<string, string> { ["CONTAINERS_STORAGE_CONF"] = settings });
        }

        CommandResult unknown = InContainer("", "to-filesystem", root.Path);
        CommandResult ownRoot = InContainer("", "to-existing-root", "--source-imgref", root.Image);
        CommandResult installed = InContainer($"engine=\"podman-5.4.0\"\nname=\"x\"\nimage=\"quay.example/os/web:1\"\nimageid=\"{id}\"\nrootless=0\n", "to-filesystem", "--bootloader", "none", root.Path);

        Assert.EndsWith("give --source-imgref IMAGE, or run this container with --privileged, and its own image is installed\n", unknown.Error);
        Assert.StartsWith("error: this is a container, and its own root is not meant", ownRoot.Error);
        installed.Succeeded();
        Assert.Contains("container-image-reference=ostree-unverified-registry:quay.example/os/web:1\n", File.ReadAllText(Directory.GetFiles(root["ostree/deploy/default/deploy"], "*.origin").Single()));
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
    [InlineData("to-disk", "--experimental-unified-storage", "--experimental-unified-storage is not offered: the images of the host are in one store already, apart from those of containers")]
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
