// GRUB for machines with BIOS: its first sector in the master boot record, its core in a partition of its own.
using System.Buffers.Binary;
using System.Text;
using Bootc.Linux;

namespace Bootc.Install;

/// <summary>
/// Makes a core of GRUB with the image's own grub-mkimage and writes it as grub-bios-setup does: boot.img names the first
/// sector of the core, and that names the sectors that follow (GRUB's grub-core/boot/i386/pc/boot.S and diskboot.S).
/// </summary>
internal static class BiosGrub
{
    private static readonly string[] Tools = ["grub-mkimage", "grub2-mkimage"]; // as Debian and as Fedora call it
    private const string ModuleFolder = "/usr/lib/grub/i386-pc";
    private const string ConfigFile = "etc/.grub-core.cfg";
    private const int Sector = 512;
    private const int CodeSize = 440; // what follows in the master boot record is the disk's signature and partition table
    private const int KernelSectorOffset = 0x5C; // u64
    private const int BootDriveOffset = 0x64; // u8
    private const int DriveCheckOffset = 0x66; // two bytes of code, a jump that is taken where BIOS names the drive
    private const byte AnyDrive = 0xFF;
    private const byte NoOperation = 0x90;
    private const int BlocklistOffset = Sector - 12; // the first sector's list ends here: start u64, length u16, segment u16

    private static readonly string[] Modules =
    [
        "biosdisk", "part_gpt", "part_msdos", "fat", "ext2", "xfs", "btrfs", "normal", "configfile", "linux", "search", "search_fs_uuid",
        "loadenv", "test", "echo", "sleep", "serial", "terminal", "minicmd", "reboot", "halt", "ls", "cat",
    ];

    /// <summary>Whether a core can be made of the modules of an image that has the program for it, or has not.</summary>
    /// <param name="isInImage">Whether a file is in the image.</param>
    public static bool HasTool(Func<string, bool> isInImage) => Array.Exists(Tools, name => isInImage($"usr/bin/{name}")) || FindTool() is not null;

    /// <summary>Writes GRUB to a disk.</summary>
    /// <param name="place">Where its core goes.</param>
    /// <param name="image">The image that GRUB comes from.</param>
    /// <param name="deployment">The image's root.</param>
    /// <param name="volumeId">The volume ID of the EFI system partition, where tries are counted, if there is one.</param>
    /// <param name="boot">The UUID of the file system with /boot.</param>
    /// <exception cref="InstallException">The core cannot be made, or is too large.</exception>
    public static void Install(BiosBootPlace place, BootLoaderImage image, DirectoryHandle deployment, string? volumeId, string boot)
    {
        long firstSector = place.Start / Sector;
        byte[] core = MakeCore(deployment, MakeConfig(volumeId, boot));
        if (core.Length > place.Size || core.Length <= Sector)
        {
            throw new InstallException($"GRUB's core for BIOS has {core.Length} bytes, and its partition {place.Size}");
        }

        BinaryPrimitives.WriteInt64LittleEndian(core.AsSpan(BlocklistOffset), firstSector + 1);
        BinaryPrimitives.WriteUInt16LittleEndian(core.AsSpan(BlocklistOffset + 8), (ushort)((core.Length - Sector + Sector - 1) / Sector));
        byte[] record = image.ReadBiosBootSector();
        if (record.Length != Sector)
        {
            throw new InstallException($"the image's {ModuleFolder}/boot.img has {record.Length} bytes, not {Sector}");
        }

        BinaryPrimitives.WriteInt64LittleEndian(record.AsSpan(KernelSectorOffset), firstSector);
        record[BootDriveOffset] = AnyDrive;
        record.AsSpan(DriveCheckOffset, 2).Fill(NoOperation);
        RandomAccess.Write(place.Disk, core, place.Start);
        place.Disk.Sync(place.DiskPath);
        RandomAccess.Write(place.Disk, record.AsSpan(0, CodeSize), 0);
        place.Disk.Sync(place.DiskPath);
    }

    private static string? FindTool() => Tools.Select(Tool.Find).FirstOrDefault(tool => tool is not null);

    // Where GRUB goes on to read grub.cfg. Its first parser knows commands and variables, no conditions.
    private static string MakeConfig(string? volumeId, string boot) =>
        (volumeId is null ? "" : $"search.fs_uuid {volumeId} bootc_esp\n") + $"search.fs_uuid {boot} root\nset prefix=($root)/boot/loader\n";

    // The image's own program fits its modules. It runs in the image's root, where its configuration has to be, and only its
    // output is used, which it wants to be a file.
    private static byte[] MakeCore(DirectoryHandle deployment, string config)
    {
        string root = $"/proc/{Environment.ProcessId}/fd/{deployment.Descriptor}";
        string[] command = Array.Find(Tools, name => deployment.Exists($"usr/bin/{name}")) is { } own
            ? ["chroot", root, $"/usr/bin/{own}", "-d", ModuleFolder, "-c", $"/{ConfigFile}"]
            : FindTool() is { } tool
                ? [tool, "-d", root + ModuleFolder, "-c", $"{root}/{ConfigFile}"]
                : throw new InstallException($"GRUB for BIOS needs grub-mkimage, which neither the image (/usr/bin) nor this machine has");
        string output = Path.GetTempFileName();
        try
        {
            deployment.WriteAllBytesAtomically(ConfigFile, Encoding.UTF8.GetBytes(config));
            Tool.Run("sh", ["-c", "exec \"$@\" > \"$0\"", output, .. command, "-O", "i386-pc", "-p", "/boot/loader", .. Modules]);
            return File.ReadAllBytes(output);
        }
        finally
        {
            File.Delete(output);
            deployment.TryRemoveFile(ConfigFile);
        }
    }
}
