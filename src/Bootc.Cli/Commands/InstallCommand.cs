// bootc install
using System.CommandLine;
using Bootc.Cli.CommandLine;
using Bootc.Cli.Presentation;
using Bootc.Deployments;
using Bootc.Install;
using Bootc.Linux;

namespace Bootc.Cli.Commands;

internal static class InstallCommand
{
    public static Command Create() => new DocumentedCommand(
        "install",
        "Install an image to a disk or to file systems",
        CreateToDisk(),
        CreatePrintConfiguration());

    private static Command CreateToDisk()
    {
        var device = new Argument<string>("DEVICE") { Description = "The disk, or a file that becomes a disk image and has the size that the disk shall have" };
        var wipe = new Option<bool>("--wipe") { Description = "Overwrite what is on the disk" };
        var type = new Option<string?>("--filesystem") { Description = "The type of the root's file system: ext4 (the default), xfs or btrfs", HelpName = "TYPE" }.OneOf([.. RootFileSystem.Types]);
        var rootSize = new Option<long?>("--root-size") { Description = "The size of the root, in mebibytes or with the unit M, G or T, instead of all that is left on the disk", HelpName = "SIZE" }.Size();
        var loopback = new Option<bool>("--via-loopback") { Hidden = true }; // bootc wants it for files; here they are known as such
        var common = new InstallOptionSet();
        var progress = new ProgressOptions();
        var command = new DocumentedCommand("to-disk", "Partition a disk and install an image to it", device, wipe, type, rootSize, loopback)
        {
            UsesSysroot = false,
            Details =
            [
                "The disk gets a GPT with an EFI system partition, the root, and on x86 a partition for GRUB on machines with BIOS. The image is fetched from where --source-imgref says, and later updates come from --target-imgref, or from the same place.",
                "The boot loader comes from the image. Nothing has to be set up on this machine besides the programs that make file systems; partitions are reached by their offset in the disk, and where the kernel has no FAT, mtools are used.",
                "A disk that has anything on it is refused without --wipe, and one that is in use in any case.",
            ],
            Examples =
            [
                ("bootc install to-disk --source-imgref quay.io/example/os:stable /dev/sda", "Install to a disk that is empty."),
                ("truncate -s 10G disk.raw; bootc install to-disk --source-imgref quay.io/example/os:stable disk.raw", "Make a disk image."),
            ],
        };
        common.AddTo(command);
        progress.AddTo(command);
        command.SetAction(async (parsed, cancellation) =>
        {
            RequireRoot("to-disk");
            InstallOptions options = common.Read(parsed);
            await progress.CreateView(parsed).RunAsync(async view =>
            {
                await new DiskInstallation(options, view)
                {
                    Device = parsed.GetRequiredValue(device),
                    Wipe = parsed.GetValue(wipe),
                    FileSystem = parsed.GetValue(type),
                    RootSize = parsed.GetValue(rootSize),
                }.RunAsync(cancellation);
                return OperationOutcome.Changed;
            });
            return 0;
        });
        return command;
    }

    private static Command CreatePrintConfiguration()
    {
        var all = new Option<bool>("--all") { Description = "Show all settings, not only the type of the root's file system" };
        var command = new DocumentedCommand("print-configuration", "Show as JSON what this system wants of installations", all)
        {
            Details = ["The settings are those in /usr/lib/bootc/install and /etc/bootc/install, merged."],
        };
        command.SetAction(parsed => Console.Out.WriteLine(InstallConfig.Load(parsed.GetValue(BootcCommand.SysrootOption)!).ToJson(parsed.GetValue(all))));
        return command;
    }

    private static void RequireRoot(string command)
    {
        if (!CurrentProcess.IsRoot)
        {
            throw new InstallException($"'bootc install {command}' makes and mounts file systems and must be run as root");
        }
    }
}
