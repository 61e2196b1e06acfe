// Disks made by the executable: libostree and others read what is on them, and what cannot be done is refused before anything
// is written, with nothing left behind.
using System.Diagnostics;
using System.Text.Json.Nodes;
using Bootc.Testing;

namespace Bootc.Install.Tests;

public class ToDiskTests
{
    private const long Mebi = 1 << 20;

    // As this test was built: bin/Debug/net10.0.
    internal static readonly string Executable = Path.Combine(
        TestData.RepositoryRoot,
        "src/Bootc.Cli/bin",
        Path.GetRelativePath(Path.Combine(TestData.RepositoryRoot, "tests/Bootc.Install.Tests/bin"), AppContext.BaseDirectory),
        "bootc");

    [Theory]
    [InlineData("ext4")]
    [InlineData("xfs")]
    [InlineData("btrfs")]
    public void Libostree_finds_the_deployment_on_the_disk(string type)
    {
        using var work = new Work();
        Peer.Require($"mkfs.{type}");
        Oracle.Require();
        work.Install("--filesystem", type, "--bootloader", "systemd", "--karg", "console=ttyS0", "--karg-delete", "rw").Succeeded();

        work.Mount(type, root =>
        {
            string status = Oracle.Run("ostree", "admin", "status", "--sysroot", root).Succeeded();
            Assert.Matches("default [0-9a-f]{64}\\.0", status);
            Oracle.Run("ostree", "fsck", "--repo", Path.Combine(root, "ostree/repo")).Succeeded();
            string entry = File.ReadAllText(Path.Combine(root, "boot/loader/entries/ostree-1.conf"));
            string uuid = Peer.Run("findmnt", "-n", "-o", "UUID", root).Succeeded().Trim();
            Assert.Contains($"options root=UUID={uuid} from-kargs-d console=ttyS0 ostree=/ostree/boot.1/default/", entry);
            Assert.False(Directory.Exists(Path.Combine(root, ".bootc-esp")));
            JsonNode aleph = JsonNode.Parse(File.ReadAllText(Path.Combine(root, ".bootc-aleph.json")))!;
            Assert.Equal(work.Image.ManifestDigest, (string?)aleph["digest"]);
            Assert.Equal("1", (string?)aleph["version"]);
            Assert.Equal("1", (string?)aleph["labels"]!["containers.bootc"]);
            string kernel = entry.Split('\n').Single(line => line.StartsWith("linux ", StringComparison.Ordinal)).Split(' ')[1];
            Assert.Equal(File.ReadAllText(root + "/boot" + kernel), work.ReadEfi(kernel[1..]));
            Assert.Equal(entry, work.ReadEfi("loader/entries/ostree-1-1.conf"));
        });
        Assert.Equal("systemd-boot", work.ReadEfi("EFI/BOOT/BOOTX64.EFI"));
        Assert.Contains("default ostree-1-*", work.ReadEfi("loader/loader.conf"));
        work.AssertNothingIsLeft();
    }

    // File systems with smaller sectors than their disk are not mounted.
    [Fact]
    public void Disk_with_large_sectors_gets_file_systems_with_such()
    {
        using var work = new Work();
        Peer.Require("mkfs.xfs");
        string loop = Peer.Run("losetup", "--find", "--show", "--sector-size", "4096", work.Disk).Succeeded().Trim();
        try
        {
            Peer.Run(Executable, [.. work.Arguments("--filesystem", "xfs", "--bootloader", "systemd")[..^1], loop]).Succeeded();
            JsonNode[] partitions = [.. JsonNode.Parse(Peer.Run("sfdisk", "--json", loop).Succeeded())!["partitiontable"]!["partitions"]!.AsArray().Select(partition => partition!)];
            byte[] sizes = new byte[2];
            ushort Read(string type, long offset, bool isBigEndian)
            {
                using FileStream disk = File.OpenRead(loop);
                disk.Position = (partitions.Single(partition => (string)partition["type"]! == type)["start"]!.GetValue<long>() * 4096) + offset;
                disk.ReadExactly(sizes);
                return isBigEndian ? System.Buffers.Binary.BinaryPrimitives.ReadUInt16BigEndian(sizes) : System.Buffers.Binary.BinaryPrimitives.ReadUInt16LittleEndian(sizes);
            }

            Assert.Equal(4096, Read("C12A7328-F81F-11D2-BA4B-00A0C93EC93B", 11, isBigEndian: false)); // bytes of a sector in FAT's boot sector
            Assert.Equal(4096, Read("4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709", 102, isBigEndian: true)); // sb_sectsize of XFS
        }
        finally
        {
            Peer.Run("losetup", "--detach", loop).Succeeded();
        }
    }

    [Theory]
    [InlineData("ext4")]
    [InlineData("xfs")]
    public void Images_that_the_image_binds_are_on_the_disk_unless_they_are_not_wanted(string type)
    {
        using var work = new Work();
        Peer.Require($"mkfs.{type}", "podman", "skopeo");
        using var directory = new TestDirectory("bound");
        using var registry = new RealRegistry(directory);
        string app = $"{registry.Address}/apps/one:1";
        work.Environment["CONTAINERS_REGISTRIES_CONF"] = directory.Write("registries.conf", $"[[registry]]\nlocation = \"{registry.Address}\"\ninsecure = true\n");
        Peer.Run("skopeo", "--insecure-policy", "copy", "-q", "--dest-tls-verify=false", new OsImage().AddLayer(layer => layer.File("app", "the app\n")).WriteTo(directory["apps"]).Reference, $"docker://{app}").Succeeded();
        work.UseImage(OsImage.Create().AddLayer(layer => layer
            .File("usr/lib/systemd/boot/efi/systemd-bootx64.efi", "systemd-boot")
            .File("usr/share/containers/systemd/app.image", $"[Image]\nImage={app}\n").SymbolicLink("usr/lib/bootc/bound-images.d/app.image", "/usr/share/containers/systemd/app.image")));

        work.Install("--filesystem", type, "--bootloader", "systemd", "--bound-images", "skip").Succeeded();
        work.Mount(type, root => Assert.False(Directory.Exists(Path.Combine(root, "ostree/bootc/storage"))));
        work.Install("--filesystem", type, "--bootloader", "systemd", "--wipe").Succeeded();

        work.Mount(type, root => Assert.Equal($"{app}\n", Peer.Run(
            "podman", "--root", directory["podman/root"], "--runroot", directory["podman/run"], "--storage-opt", $"additionalimagestore={root}/ostree/bootc/storage", "images", "--format", "{{.Repository}}:{{.Tag}}").Succeeded()));
        work.AssertNothingIsLeft();
    }

    [Fact]
    public void Grub_and_shim_are_put_where_firmware_finds_them()
    {
        using var work = new Work();
        CommandResult result = work.Install("--target-imgref", "registry.example/os:1", "--stateroot", "other");

        result.Succeeded();
        Assert.Contains("The image has GRUB for UEFI only: machines with BIOS cannot boot this disk", result.Error);
        Assert.Equal("shim", work.ReadEfi("EFI/BOOT/BOOTX64.EFI"));
        Assert.Equal("grub", work.ReadEfi("EFI/BOOT/grubx64.efi"));
        Assert.Equal(work.ReadEfi("EFI/BOOT/grub.cfg"), work.ReadEfi("EFI/test/grub.cfg"));
        work.Mount("ext4", root =>
        {
            Assert.Contains(Peer.Run("findmnt", "-n", "-o", "UUID", root).Succeeded().Trim(), work.ReadEfi("EFI/BOOT/grub.cfg"));
            Assert.Contains("menuentry 'Test OS 1 (ostree:0)'", File.ReadAllText(Path.Combine(root, "boot/loader/grub.cfg")));
            string origin = File.ReadAllText(Directory.GetFiles(Path.Combine(root, "ostree/deploy/other/deploy"), "*.origin").Single());
            Assert.Contains("container-image-reference=ostree-unverified-registry:registry.example/os:1", origin);
            string features = Peer.Run("dumpe2fs", "-h", Peer.Run("findmnt", "-n", "-o", "SOURCE", root).Succeeded().Trim()).Output;
            Assert.Matches("Filesystem features:.* verity( |\n)", features);
        });
    }

    [Fact]
    public void Boot_can_be_a_partition_of_its_own()
    {
        using var work = new Work();
        Oracle.Require();

        work.Install("--boot-size", "300", "--bootloader", "grub").Succeeded();

        string? uuid = null;
        work.Mount("ext4", "Linux extended boot", boot =>
        {
            uuid = Peer.Run("findmnt", "-n", "-o", "UUID", boot).Succeeded().Trim();
            string entry = File.ReadAllText(Path.Combine(boot, "loader/entries/ostree-1.conf"));
            Assert.Contains($" systemd.mount-extra=UUID={uuid}:/boot:auto ", entry);
            Assert.True(File.Exists(boot + entry.Split('\n').Single(line => line.StartsWith("linux ", StringComparison.Ordinal)).Split(' ')[1]));
        });
        Assert.Contains(uuid!, work.ReadEfi("EFI/BOOT/grub.cfg"));
        work.Mount("ext4", root =>
        {
            Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(root, "boot")));
            Oracle.Run("ostree", "fsck", "--repo", Path.Combine(root, "ostree/repo")).Succeeded();
        });
        work.AssertNothingIsLeft();
    }

    [Theory]
    [InlineData("there is no ", "missing")]
    [InlineData("is not empty: it has ext4; --wipe overwrites all that is on it", "filled")]
    [InlineData("is in use: /dev/loop", "attached")]
    [InlineData("the disk is too small for this image: it has 10 MB, and ", "small")]
    [InlineData("is neither a block device nor a file", "directory")]
    [InlineData("cannot be written to: ", "read-only file")]
    [InlineData("cannot be written to: the device is read-only", "read-only device")]
    [InlineData("is in use: it or one of its partitions is mounted, or held by another device", "mounted device")]
    [InlineData("the disk is too small for this image: it has 0 MB, and ", "nothing")]
    [InlineData("is neither a block device nor a file", "character device")]
    [InlineData("the name of the disk is empty", "no name")]
    [InlineData("the image has no systemd-boot to install", "without systemd-boot")]
    [InlineData("is not bootable: it has no kernel at /usr/lib/modules/VERSION/vmlinuz", "without kernel")]
    [InlineData("the image wants its root on f2fs, which is not made here: run again with --filesystem ext4 to have it otherwise", "f2fs")]
    [InlineData("the image wants its root encrypted (block = [\"tpm2-luks\"]), which is not done here", "encrypted")]
    [InlineData("the installed system could not fetch oci:/nowhere/at/all with its own settings and credentials: there is no image directory /nowhere/at/all", "no image for updates", "--run-fetch-check", "--target-imgref", "oci:/nowhere/at/all")]
    [InlineData("there is no image directory ", "without image")]
    public void What_cannot_be_done_is_refused_with_one_line(string expected, string fault, params string[] options)
    {
        using var work = new Work();
        string? loop = null;
        string disk = work.Disk;
        switch (fault)
        {
            case "missing":
                File.Delete(work.Disk);
                break;
            case "filled":
                Peer.Run("mkfs.ext4", "-q", "-F", work.Disk).Succeeded();
                break;
            case "attached":
                loop = Peer.Run("losetup", "--find", "--show", work.Disk).Succeeded().Trim();
                break;
            case "small":
                using (FileStream file = File.OpenWrite(work.Disk))
                {
                    file.SetLength(10_000_000);
                }

                break;
            case "directory":
                File.Delete(work.Disk);
                Directory.CreateDirectory(work.Disk);
                break;
            case "without systemd-boot":
                work.UseImage(OsImage.Create());
                break;
            case "without image":
                Directory.Delete(work.Image.Layout, recursive: true);
                break;
            case "read-only file":
                Peer.Run("mount", "--bind", work.Disk, work.Disk).Succeeded();
                Peer.Run("mount", "-o", "remount,bind,ro", work.Disk).Succeeded();
                break;
            case "read-only device":
                disk = loop = Peer.Run("losetup", "--find", "--show", "--read-only", work.Disk).Succeeded().Trim();
                break;
            case "mounted device":
                Peer.Run("mkfs.ext4", "-q", "-F", work.Disk).Succeeded();
                disk = loop = Peer.Run("losetup", "--find", "--show", work.Disk).Succeeded().Trim();
                Peer.Run("mount", loop, Directory.CreateDirectory(work.Beside("mounted")).FullName).Succeeded();
                options = [.. options, "--wipe"];
                break;
            case "nothing":
                File.WriteAllBytes(work.Disk, []);
                break;
            case "character device":
                disk = "/dev/null";
                break;
            case "no name":
                disk = "";
                break;
            case "without kernel":
                work.UseImage(OsImage.Create().AddLayer(layer => layer.OpaqueWhiteout("usr/lib/modules").File("usr/lib/systemd/boot/efi/systemd-bootx64.efi", "")));
                break;
            case "f2fs" or "encrypted":
                work.UseImage(OsImage.Create().AddLayer(layer => layer
                    .File("usr/lib/systemd/boot/efi/systemd-bootx64.efi", "")
                    .File("usr/lib/bootc/install/10.toml", fault == "f2fs" ? "[install.filesystem.root]\ntype = \"f2fs\"\n" : "[install]\nblock = [\"tpm2-luks\"]\n")));
                break;
        }

        byte[] before = fault is "missing" or "directory" ? [] : work.Head;
        CommandResult result = Peer.Run(Executable, [.. work.Arguments(["--bootloader", "systemd", .. options])[..^1], disk]);
        byte[] after = fault is "missing" or "directory" ? [] : work.Head;
        if (fault is "read-only file" or "mounted device")
        {
            Peer.Run("umount", fault == "read-only file" ? work.Disk : work.Beside("mounted")).Succeeded();
        }

        if (loop is not null)
        {
            Peer.Run("losetup", "--detach", loop).Succeeded();
        }

        Assert.Equal(1, result.ExitCode);
        string error = Assert.Single(result.Error.TrimEnd().Split('\n'), line => line.StartsWith("error: ", StringComparison.Ordinal));
        Assert.Contains(expected, error);
        if (fault is "without systemd-boot" or "without kernel" or "f2fs" or "encrypted" or "no image for updates") // which is known only when the image is there
        {
            Assert.Equal("", Peer.Run("wipefs", "--noheadings", work.Disk).Succeeded());
        }
        else
        {
            Assert.Equal(before, after);
        }

        work.AssertNothingIsLeft();
    }

    [Theory]
    [InlineData("the image has no systemd-boot to install", "without systemd-boot")]
    [InlineData("is not bootable: it has no kernel at /usr/lib/modules/VERSION/vmlinuz", "without kernel")]
    [InlineData("the image wants its root on f2fs, which is not made here: run again with --filesystem ext4 to have it otherwise", "f2fs")]
    [InlineData("is malformed: ", "wrong settings")]
    [InlineData("expected sha256:", "damaged")]
    [InlineData("there is no place to look into the image, ", "without a place for temporary files")]
    public void What_is_on_a_disk_stays_when_the_image_does_not_fit(string expected, string fault)
    {
        using var work = new Work();
        Peer.Run("mkfs.ext4", "-q", "-F", work.Disk).Succeeded();
        work.UseImage(fault switch
        {
            "without systemd-boot" => OsImage.Create(),
            "without kernel" => OsImage.Create().AddLayer(layer => layer.Whiteout("usr/lib/modules").File("usr/lib/systemd/boot/efi/systemd-bootx64.efi", "")),
            "f2fs" or "wrong settings" => OsImage.Create().AddLayer(layer => layer
                .File("usr/lib/systemd/boot/efi/systemd-bootx64.efi", "")
                .File("usr/lib/bootc/install/10.toml", fault == "f2fs" ? "[install.filesystem.root]\ntype = \"f2fs\"\n" : "[install\n")),
            _ => OsImage.Create().AddLayer(layer => layer.File("usr/lib/systemd/boot/efi/systemd-bootx64.efi", "")),
        });
        string temporary = Directory.CreateDirectory(work.Beside("tmp")).FullName;
        work.Environment["TMPDIR"] = fault == "without a place for temporary files" ? work.Beside("nowhere") : temporary;
        if (fault == "damaged")
        {
            string layer = work.Image.BlobPath(work.Image.LayerDigests[^1]);
            byte[] bytes = File.ReadAllBytes(layer);
            bytes[^10] ^= 1;
            File.WriteAllBytes(layer, bytes);
        }

        byte[] before = work.Head;
        CommandResult result = work.Install("--bootloader", "systemd", "--wipe");

        Assert.Equal(1, result.ExitCode);
        Assert.Contains(expected, Assert.Single(result.Error.TrimEnd().Split('\n'), line => line.StartsWith("error: ", StringComparison.Ordinal)));
        Assert.Equal(before, work.Head);
        Assert.Empty(Directory.EnumerateFileSystemEntries(temporary));
        work.AssertNothingIsLeft();
    }

    [Fact]
    public void Image_that_is_looked_into_first_is_fetched_once()
    {
        using var work = new Work();
        Peer.Run("mkfs.ext4", "-q", "-F", work.Disk).Succeeded();
        using var registry = new LayoutRegistry(work.Image.Layout);
        string temporary = Directory.CreateDirectory(work.Beside("tmp")).FullName;
        work.Environment["TMPDIR"] = temporary;

        CommandResult result = Peer.Run(Executable, ["install", "to-disk", "--wipe", "--source-imgref", registry.Name(work.Image.Tag), "--bootloader", "systemd", work.Disk], null, work.Environment);

        Assert.Contains("Looking into the image, before anything is lost", result.Error + result.Succeeded());
        int count = work.Image.LayerDigests.Length;
        Assert.Equal(2, result.Error.Split('\n').Count(line => line.StartsWith($"[{count}/{count}] ", StringComparison.Ordinal)));
        string[] layers = [.. registry.Requests.Select(request => request.Path.Split('/')[^1]).Where(work.Image.LayerDigests.Contains)];
        Assert.Equal(work.Image.LayerDigests.Order(), layers.Order());
        Assert.Empty(Directory.EnumerateFileSystemEntries(temporary));
        Assert.Equal("systemd-boot", work.ReadEfi("EFI/BOOT/BOOTX64.EFI"));
        work.AssertNothingIsLeft();
    }

    [Fact]
    public void Killed_installation_leaves_no_mount_and_no_loop_device()
    {
        using var work = new Work();
        using Process process = Process.Start(new ProcessStartInfo(Executable, work.Arguments("--bootloader", "systemd")) { RedirectStandardError = true, RedirectStandardOutput = true })!;
        var clock = Stopwatch.StartNew();
        while (work.LoopDevices.Length < 2 && !process.HasExited && clock.Elapsed < TimeSpan.FromSeconds(60))
        {
            Thread.Sleep(5);
        }

        Assert.False(process.HasExited);
        process.Kill();
        process.WaitForExit();

        work.AssertNothingIsLeft();
        work.Install("--bootloader", "systemd", "--wipe").Succeeded();
    }

    // A disk image and an image to install to it.
    private sealed class Work : IDisposable
    {
        private readonly TestDirectory _directory;

        public Work()
        {
            Peer.RequireRoot("installing makes and mounts file systems");
            Peer.Require("sfdisk", "wipefs", "mkfs.vfat", "mkfs.ext4", "mcopy", "mtype", "losetup", "findmnt");
            Assert.SkipUnless(File.Exists("/dev/loop-control"), "there are no loop devices");
            _directory = new TestDirectory("install");
            using (FileStream file = File.Create(Disk))
            {
                file.SetLength(2048 * Mebi);
            }

            UseImage(OsImage.Create().AddLayer(layer => layer
                .File("usr/lib/systemd/boot/efi/systemd-bootx64.efi", "systemd-boot")
                .File("usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed", "grub")
                .File("usr/lib/shim/shimx64.efi.signed", "shim")
                .File("usr/lib/bootc/kargs.d/10.toml", "kargs = [\"from-kargs-d\"]\n")));
        }

        public string Beside(string name) => _directory[name];

        public string Disk => _directory["disk.raw"];

        public WrittenImage Image { get; private set; } = null!;

        public byte[] Head
        {
            get
            {
                byte[] head = new byte[8 * Mebi];
                using FileStream file = File.OpenRead(Disk);
                file.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
                return head;
            }
        }

        public string[] LoopDevices => [.. Peer.Run("losetup", "--noheadings", "--output", "NAME", "--associated", Disk).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)];

        public void UseImage(OsImage image) => Image = image.WriteTo(_directory["images"]);

        public string[] Arguments(params string[] options) => ["install", "to-disk", "--source-imgref", Image.Reference, .. options, Disk];

        public Dictionary<string, string> Environment { get; } = [];

        public CommandResult Install(params string[] options) => Peer.Run(Executable, Arguments(options), null, Environment);

        public string ReadEfi(string path) => Peer.Run("mtype", "-i", $"{Disk}@@{Offset("EFI System")}", $"::/{path}").Succeeded();

        public void Mount(string type, Action<string> action) => Mount(type, "Linux root", action);

        public void Mount(string type, string partition, Action<string> action)
        {
            string point = Directory.CreateDirectory(_directory["root"]).FullName;
            Peer.Run("mount", "-t", type, "-o", $"loop,offset={Offset(partition)}", Disk, point).Succeeded();
            try
            {
                action(point);
            }
            finally
            {
                Peer.Run("umount", point).Succeeded();
                WaitUntilDetached(); // or another mount of the disk finds its loop device
            }
        }

        public void AssertNothingIsLeft()
        {
            WaitUntilDetached();
            Assert.Empty(LoopDevices);
            Assert.DoesNotContain("bootc-install", File.ReadAllText("/proc/self/mounts"), StringComparison.Ordinal);
        }

        public void Dispose() => _directory.Dispose();

        // The kernel lets go when the last file is closed, and btrfs closes its devices a moment later.
        private void WaitUntilDetached()
        {
            var clock = Stopwatch.StartNew();
            while (LoopDevices.Length > 0 && clock.Elapsed < TimeSpan.FromSeconds(60))
            {
                Thread.Sleep(20);
            }
        }

        private long Offset(string type)
        {
            string line = Peer.Run("sfdisk", "--list", "--quiet", "--output", "Start,Type", Disk).Succeeded().Split('\n').First(line => line.Contains(type, StringComparison.Ordinal));
            return long.Parse(line.Trim().Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture) * 512;
        }
    }
}
