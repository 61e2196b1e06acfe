// The boot loaders that an image has, and how they are put on the EFI system partition.
using System.Runtime.InteropServices;
using System.Text;
using Bootc.Deployments.Boot;
using Bootc.Linux;
using Bootc.Ostree;
using Bootc.Ostree.Objects;
using Microsoft.Win32.SafeHandles;

namespace Bootc.Install;

/// <summary>Finds boot loaders in the commit of an image, where distributions put them, and installs them for UEFI.</summary>
internal sealed class BootLoaderImage(Repository repository, CommitTree tree)
{
    private const string BiosFolder = "usr/lib/grub/i386-pc";
    private const string FirmwareUpdates = "usr/lib/bootupd/updates/EFI"; // where Fedora's images keep what belongs on the partition

    /// <summary>What UEFI calls this machine's architecture in file names.</summary>
    private static string Architecture => RuntimeInformation.OSArchitecture switch
    {
        System.Runtime.InteropServices.Architecture.X64 => "x64",
        System.Runtime.InteropServices.Architecture.Arm64 => "aa64",
        System.Runtime.InteropServices.Architecture.RiscV64 => "riscv64",
        System.Runtime.InteropServices.Architecture.LoongArch64 => "loongarch64",
        var other => throw new InstallException($"boot loaders for {other} are not known"),
    };

    private static string GrubTarget => Architecture switch { "x64" => "x86_64", "aa64" => "arm64", var other => other } + "-efi";

    private static string FallbackName => $"EFI/BOOT/BOOT{Architecture.ToUpperInvariant()}.EFI";

    private string? SystemdBoot => FindFirst($"usr/lib/systemd/boot/efi/systemd-boot{Architecture}.efi.signed", $"usr/lib/systemd/boot/efi/systemd-boot{Architecture}.efi");

    private string? Grub => FindFirst(
        [$"usr/lib/grub/{GrubTarget}-signed/grub{Architecture}.efi.signed", $"usr/lib/grub/{GrubTarget}/monolithic/grub{Architecture}.efi", .. InFirmwareUpdates($"grub{Architecture}.efi")]);

    private string? Shim => FindFirst([$"usr/lib/shim/shim{Architecture}.efi.signed", $"usr/lib/shim/shim{Architecture}.efi", .. InFirmwareUpdates($"shim{Architecture}.efi")]);

    private string? MokManager => FindFirst([$"usr/lib/shim/mm{Architecture}.efi.signed", $"usr/lib/shim/mm{Architecture}.efi", .. InFirmwareUpdates($"mm{Architecture}.efi")]);

    /// <summary>Whether the image has GRUB for UEFI.</summary>
    public bool HasUefiGrub => Grub is not null;

    /// <summary>Whether the image has what it takes to make a core of GRUB for BIOS.</summary>
    public bool HasBiosGrub => Has($"{BiosFolder}/boot.img") && Has($"{BiosFolder}/kernel.img") && BiosGrub.HasTool(Has);

    /// <summary>The boot loader to install.</summary>
    /// <param name="asked">What is asked for; <see langword="null"/> for what the image has.</param>
    /// <exception cref="InstallException">The image does not have it; the files that were looked for are named.</exception>
    public BootLoaderKind Choose(BootLoaderKind? asked)
    {
        bool hasGrub = HasUefiGrub || HasBiosGrub;
        return asked switch
        {
            BootLoaderKind.Grub when !hasGrub => throw Missing("GRUB", $"/usr/lib/grub/{GrubTarget}-signed, /usr/lib/grub/{GrubTarget}/monolithic, /{FirmwareUpdates}"),
            BootLoaderKind.SystemdBoot when SystemdBoot is null => throw Missing("systemd-boot", "/usr/lib/systemd/boot/efi"),
            null when !hasGrub && SystemdBoot is null => throw Missing("boot loader", $"/usr/lib/grub/{GrubTarget}-signed, /usr/lib/grub/{GrubTarget}/monolithic, /{FirmwareUpdates}, /usr/lib/systemd/boot/efi"),
            null => hasGrub ? BootLoaderKind.Grub : BootLoaderKind.SystemdBoot,
            var kind => kind.Value,
        };
    }

    /// <summary>Puts systemd-boot where firmware finds it.</summary>
    public void InstallSystemdBoot(DirectoryHandle partition)
    {
        Copy(SystemdBoot!, partition, $"EFI/systemd/systemd-boot{Architecture}.efi");
        Copy(SystemdBoot!, partition, FallbackName);
        Write(partition, "loader/entries.srel", "type1\n");
    }

    /// <summary>Puts GRUB, with shim before it where the image has that, where firmware finds it, and tells it where /boot is.</summary>
    /// <param name="partition">The EFI system partition.</param>
    /// <param name="volumeId">Its volume ID.</param>
    /// <param name="boot">The UUID of the file system with /boot.</param>
    /// <returns>Whether UEFI machines can boot it.</returns>
    public bool InstallGrub(DirectoryHandle partition, string volumeId, string boot)
    {
        // It looks beside itself, and where its distribution's signed build has it.
        string config = MakeStub(volumeId, boot);
        Write(partition, "EFI/BOOT/grub.cfg", config);
        if (ReadDistribution() is { } distribution)
        {
            Write(partition, $"EFI/{distribution}/grub.cfg", config);
        }

        if (Grub is not { } grub)
        {
            return false;
        }

        if (Shim is not { } shim)
        {
            Copy(grub, partition, FallbackName);
            return true;
        }

        Copy(shim, partition, FallbackName);
        Copy(grub, partition, $"EFI/BOOT/grub{Architecture}.efi");
        if (MokManager is { } manager)
        {
            Copy(manager, partition, $"EFI/BOOT/mm{Architecture}.efi");
        }

        return true;
    }

    /// <summary>The content of a file of the image.</summary>
    public byte[] Read(string path)
    {
        const int Limit = 16 << 20;
        return tree.TryReadFile(path, Limit) ?? throw new InstallException($"the image has no /{path}");
    }

    /// <summary>The first sector of GRUB for BIOS.</summary>
    public byte[] ReadBiosBootSector() => Read($"{BiosFolder}/boot.img");

    private static string MakeStub(string volumeId, string boot) => $$"""
        # Finds the boot menu, which is made with the boot entries.
        search --no-floppy --fs-uuid --set=bootc_esp {{volumeId}}
        search --no-floppy --fs-uuid --set=root {{boot}}
        export bootc_esp root
        if [ -e /boot/loader/grub.cfg ]; then
          configfile /boot/loader/grub.cfg
        elif [ -e /boot/{{GrubLoader.FallbackName}} ]; then
          configfile /boot/{{GrubLoader.FallbackName}}
        else
          echo "There is no boot menu at ($root)/boot/loader/grub.cfg"
          sleep 30
        fi

        """;

    private static InstallException Missing(string what, string folders) =>
        new($"the image has no {what} to install: there is none in {folders}; install its package in the image, or give --bootloader none");

    private string? ReadDistribution()
    {
        byte[]? content = tree.TryReadFile("usr/lib/os-release", 64 * 1024);
        string? line = content is null ? null : Encoding.UTF8.GetString(content).Split('\n').FirstOrDefault(line => line.StartsWith("ID=", StringComparison.Ordinal));
        string? id = line?["ID=".Length..].Trim().Trim('"', '\'');
        return id is { Length: > 0 } && id.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_') ? id : null;
    }

    private IEnumerable<string> InFirmwareUpdates(string name) =>
        (tree.TryGetDirectory(FirmwareUpdates)?.Directories ?? []).Select(directory => $"{FirmwareUpdates}/{directory.Name}/{name}");

    private string? FindFirst(params IEnumerable<string> paths) => paths.FirstOrDefault(Has);

    private bool Has(string path) => tree.ResolveFile(path) is not null;

    private void Copy(string path, DirectoryHandle partition, string name)
    {
        Checksum file = tree.ResolveFile(path)!.Value;
        using Stream content = repository.OpenFileContent(file);
        using SafeFileHandle target = Create(partition, name);
        using var stream = new UnownedFileStream(target);
        content.CopyTo(stream);
        target.Sync(name);
    }

    private static void Write(DirectoryHandle partition, string name, string content)
    {
        using SafeFileHandle target = Create(partition, name);
        target.WriteFully(Encoding.UTF8.GetBytes(content), name);
        target.Sync(name);
    }

    private static SafeFileHandle Create(DirectoryHandle partition, string name)
    {
        partition.EnsureDirectory(Path.GetDirectoryName(name)!).Dispose();
        return partition.CreateFile(name, 0x180, exclusive: false);
    }
}
