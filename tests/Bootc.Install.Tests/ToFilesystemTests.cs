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

    // An ext4 file system that is mounted, and an image.
    private sealed class MountedRoot : IDisposable
    {
        private readonly TestDirectory _directory;

        public MountedRoot()
        {
            Peer.RequireRoot("file systems are mounted");
            Peer.Require("mkfs.ext4", "blkid", "findmnt", "mount");
            Assert.SkipUnless(File.Exists("/dev/loop-control"), "there are no loop devices");
            _directory = new TestDirectory("root");
            string disk = _directory["disk"];
            using (FileStream file = File.Create(disk))
            {
                file.SetLength(256 << 20);
            }

            Peer.Run("mkfs.ext4", "-q", disk).Succeeded();
            Directory.CreateDirectory(Path);
            Peer.Run("mount", "-o", "loop", disk, Path).Succeeded();
            Image = OsImage.Create().AddLayer(layer => layer
                .File("usr/lib/systemd/boot/efi/systemd-bootx64.efi", "systemd-boot")
                .File("usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed", "grub")).WriteTo(_directory["images"]).Reference;
        }

        public string Path => _directory["root"];

        public string Image { get; }

        public string this[string name] => System.IO.Path.Combine(Path, name);

        public CommandResult Bootc(params string[] arguments) => Peer.Run(ToDiskTests.Executable, arguments);

        public void Dispose() => _directory.Dispose();
    }
}
