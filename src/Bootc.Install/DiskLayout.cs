// Which partitions a disk gets, and where.
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace Bootc.Install;

/// <summary>A partition of a disk.</summary>
/// <param name="Number">Its number, from 1.</param>
/// <param name="Name">Its name in the partition table.</param>
/// <param name="Type">Its type (https://uapi-group.org/specifications/specs/discoverable_partitions_specification/).</param>
/// <param name="Start">Where it begins, in bytes.</param>
/// <param name="Size">How many bytes it has.</param>
/// <param name="Uuid">Its own identifier.</param>
internal sealed record Partition(int Number, string Name, Guid Type, long Start, long Size, Guid Uuid);

/// <summary>The partitions of a disk: where BIOS finds the boot loader, the EFI system partition, /boot if it is one of its own, and the root.</summary>
internal sealed class DiskLayout
{
    private const long Align = 1 << 20;
    private const long BiosBootSize = 1 << 20;
    private const long BackupTable = 1 << 20; // 33 sectors at the end, whatever a sector is

    /// <summary>The type of the partition with a boot loader's core for BIOS.</summary>
    public static readonly Guid BiosBootType = new("21686148-6449-6E6F-744E-656564454649");

    private static readonly Guid EfiType = new("C12A7328-F81F-11D2-BA4B-00A0C93EC93B");

    private static readonly Guid ExtendedBootType = new("BC13C2FF-59E6-4262-A352-B275FD6F7172");

    private DiskLayout(Partition? biosBoot, Partition efi, Partition? boot, Partition root)
    {
        BiosBoot = biosBoot;
        Efi = efi;
        Boot = boot;
        Root = root;
    }

    /// <summary>Where BIOS machines have the boot loader's core, on x86 only.</summary>
    public Partition? BiosBoot { get; }

    /// <summary>The EFI system partition.</summary>
    public Partition Efi { get; }

    /// <summary>The extended boot loader partition (XBOOTLDR), for /boot, if there is one.</summary>
    public Partition? Boot { get; }

    /// <summary>The root.</summary>
    public Partition Root { get; }

    /// <summary>All of them, in order.</summary>
    public IEnumerable<Partition> Partitions => new[] { BiosBoot, Efi, Boot, Root }.OfType<Partition>();

    private static Guid RootType => new(RuntimeInformation.OSArchitecture switch
    {
        Architecture.X64 => "4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709",
        Architecture.Arm64 => "B921B045-1DF0-41C3-AF44-4C6F280D3FAE",
        Architecture.RiscV64 => "72EC70A6-CF74-40E6-BD49-4BDA08E8F224",
        Architecture.LoongArch64 => "77055800-792C-4F94-B39A-98C91B762BB6",
        Architecture.Ppc64le => "C31C45E6-3F39-412E-80FB-4809C4980599",
        Architecture.S390x => "5EEAD9A9-FE09-4A1E-A1D7-520D00531306",
        var other => throw new InstallException($"disks for {other} are not known"),
    });

    /// <summary>Plans the partitions.</summary>
    /// <param name="diskSize">The disk's size in bytes.</param>
    /// <param name="efiSize">The size of the EFI system partition.</param>
    /// <param name="bootSize">The size of /boot; <see langword="null"/> for none of its own.</param>
    /// <param name="rootSize">The size of the root; <see langword="null"/> for all that is left.</param>
    /// <param name="needed">How much the root needs at least.</param>
    /// <exception cref="InstallException">The disk is too small.</exception>
    public static DiskLayout Plan(long diskSize, long efiSize, long? bootSize, long? rootSize, long needed)
    {
        int number = 1;
        long start = Align;
        Partition? bios = RuntimeInformation.OSArchitecture == Architecture.X64 ? Add("BIOS-BOOT", BiosBootType, BiosBootSize) : null;
        Partition efi = Add("EFI-SYSTEM", EfiType, efiSize);
        Partition? boot = bootSize is { } forBoot ? Add("boot", ExtendedBootType, Math.Max(forBoot / Align, 1) * Align) : null;
        long room = (diskSize - BackupTable) / Align * Align - start;
        long size = rootSize is { } asked ? asked / Align * Align : room;
        if (size > room || size < needed)
        {
            throw new InstallException(size > room && rootSize is not null
                ? $"a root of {Megabytes(size)} does not fit: the disk has {Megabytes(diskSize)}, and {Megabytes(Math.Max(0, room))} of it are left for the root"
                : $"the {(rootSize is null ? "disk" : "root")} is too small for this image: it has {Megabytes(rootSize ?? diskSize)}, and {Megabytes(needed + (rootSize is null ? start + BackupTable : 0))} are needed");
        }

        return new DiskLayout(bios, efi, boot, Add("root", RootType, size));

        Partition Add(string name, Guid type, long length)
        {
            var partition = new Partition(number++, name, type, start, length, Guid.NewGuid());
            start += length;
            return partition;
        }
    }

    /// <summary>The layout as a script for sfdisk(8).</summary>
    public string ToScript(int sectorSize)
    {
        var script = new StringBuilder("label: gpt\nunit: sectors\n");
        foreach (Partition partition in Partitions)
        {
            script.Append(CultureInfo.InvariantCulture, $"start={partition.Start / sectorSize}, size={partition.Size / sectorSize}, type={partition.Type}, uuid={partition.Uuid}, name=\"{partition.Name}\"\n");
        }

        return script.ToString();
    }

    internal static string Megabytes(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{(bytes + 999_999) / 1_000_000} MB");
}
