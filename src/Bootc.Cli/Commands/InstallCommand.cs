// bootc install
using System.CommandLine;
using Bootc.Cli.CommandLine;
using Bootc.Cli.Presentation;
using Bootc.Deployments;
using Bootc.Install;
using Bootc.Linux;
using Bootc.Oci;

namespace Bootc.Cli.Commands;

internal static class InstallCommand
{
    public static Command Create() => new DocumentedCommand(
        "install",
        "Install an image to a disk or to file systems",
        CreateToDisk(),
        CreateToFilesystem(),
        CreateToExistingRoot(),
        CreateFinalize(),
        CreateReset(),
        CreatePrintConfiguration());

    private static Command CreateToDisk()
    {
        var device = new Argument<string>("DEVICE") { Description = "The disk, or a file that becomes a disk image and has the size that the disk shall have" };
        var wipe = new Option<bool>("--wipe") { Description = "Overwrite what is on the disk" };
        var type = new Option<string?>("--filesystem") { Description = "The type of the root's file system: ext4 (the default), xfs or btrfs", HelpName = "TYPE" }.OneOf([.. RootFileSystem.Types]);
        var rootSize = new Option<long?>("--root-size") { Description = "The size of the root, in mebibytes or with the unit M, G or T, instead of all that is left on the disk", HelpName = "SIZE" }.Size();
        var bootSize = new Option<long?>("--boot-size") { Description = "Make a partition of this size for /boot (XBOOTLDR, ext4), where the boot loader cannot read the root", HelpName = "SIZE" }.Size();
        var block = new Option<string?>("--block-setup") { Hidden = true }; // as if nothing else were possible: what else there is is told
        block.Validators.Add(result =>
        {
            if (result.Tokens.FirstOrDefault()?.Value is not (null or "direct"))
            {
                result.AddError("--block-setup is 'direct' only: a root that is encrypted is made and mounted before, and installed to with 'bootc install to-filesystem'");
            }
        });
        var loopback = new Option<bool>("--via-loopback") { Hidden = true }; // bootc wants it for files; here they are known as such
        var common = new InstallOptionSet();
        var progress = new ProgressOptions();
        var command = new DocumentedCommand("to-disk", "Partition a disk and install an image to it", device, wipe, type, rootSize, bootSize, block, loopback)
        {
            UsesSysroot = false,
            Details =
            [
                "The disk gets a GPT with an EFI system partition, the root, and on x86 a partition for GRUB on machines with BIOS. The image is fetched from where --source-imgref says, and later updates come from --target-imgref, or from the same place.",
                "The boot loader comes from the image. Nothing has to be set up on this machine besides the programs that make file systems; partitions are reached by their offset in the disk, and where the kernel has no FAT, mtools are used.",
                "A disk that has anything on it is refused without --wipe, and one that is in use in any case. With --wipe, the image is looked into before anything is lost: a damaged image, or one without a kernel or boot loader, changes nothing. Meanwhile its layers wait in TMPDIR or /var/tmp.",
                "Where the image has an SELinux policy, the root, /boot, /ostree and /var are labelled by it.",
            ],
            Examples =
            [
                ("bootc install to-disk --source-imgref registry.example.com/os:stable /dev/sda", "Install to a disk that is empty."),
                ("truncate -s 10G disk.raw; bootc install to-disk --source-imgref registry.example.com/os:stable disk.raw", "Make a disk image."),
            ],
        };
        common.AddTo(command);
        progress.AddTo(command);
        command.SetAction(async (parsed, cancellation) =>
        {
            RequireRoot("to-disk");
            InstallOptions options = await common.ReadAsync(parsed, cancellation);
            await progress.CreateView(parsed).RunAsync(async view =>
            {
                await new DiskInstallation(options, view)
                {
                    Device = parsed.GetRequiredValue(device),
                    Wipe = parsed.GetValue(wipe),
                    FileSystem = parsed.GetValue(type),
                    RootSize = parsed.GetValue(rootSize),
                    BootSize = parsed.GetValue(bootSize),
                }.RunAsync(cancellation);
                return OperationOutcome.Changed;
            });
            return 0;
        });
        return command;
    }

    private static Command CreateToFilesystem()
    {
        var path = new Argument<string>("ROOT_PATH") { Description = "Where the root is mounted" };
        var replace = new Option<string?>("--replace") { Description = "What to do with what is there: wipe it, or install alongside it; without this, only an empty root is accepted", HelpName = "MODE" }.OneOf("wipe", "alongside");
        var acknowledge = new Option<bool>("--acknowledge-destructive") { Description = "Do not wait before anything is removed from the root of the running system" };
        var command = CreateForMounted(
            "to-filesystem",
            "Install an image to a root that is mounted",
            parsed => parsed.GetRequiredValue(path),
            parsed => parsed.GetValue(replace) switch { "wipe" => ExistingContent.Wipe, "alongside" => ExistingContent.KeepBeside, _ => ExistingContent.Refuse },
            isRunningRoot: false,
            acknowledge,
            ["The root, and /boot and the EFI system partition below it where they are file systems of their own, are made and mounted before by whoever knows what they shall be on: RAID, LVM, an encrypted disk."],
            path,
            replace);
        return command;
    }

    private static Command CreateToExistingRoot()
    {
        var path = new Argument<string>("ROOT_PATH") { Description = "Where the root is mounted", Arity = ArgumentArity.ZeroOrOne, DefaultValueFactory = _ => Directory.Exists("/target") ? "/target" : "/" };
        var replace = new Option<string?>("--replace") { Description = "What to do with what is there: install alongside it (the default), or wipe it", HelpName = "MODE" }.OneOf("wipe", "alongside");
        var acknowledge = new Option<bool>("--acknowledge-destructive") { Description = "Do not wait before anything is removed" };
        DocumentedCommand command = CreateForMounted(
            "to-existing-root",
            "Install an image beside the system that is on a root",
            parsed => RequireHost(parsed.GetValue(path)!, parsed.GetResult(path)?.Implicit != false),
            parsed => parsed.GetValue(replace) == "wipe" ? ExistingContent.Wipe : ExistingContent.KeepBeside,
            isRunningRoot: true,
            acknowledge,
            ["The content of /boot is replaced, so that the next boot is the new system. All else stays, and the new system has it in /sysroot."],
            path,
            replace);
        RefusedInstallOptions.Add(command, new Option<bool>("--cleanup"), "what the system before leaves is in /sysroot of the new one, to be removed there by whoever knows what is not needed");
        return command;
    }

    // A container's own root is nothing to install to.
    private static string RequireHost(string path, bool isByDefault) => path == "/" && isByDefault && RunningContainer.IsOne
        ? throw new InstallException("this is a container, and its own root is not meant: mount the root of the host at /target (podman run -v /:/target), or name ROOT_PATH")
        : path;

    private static DocumentedCommand CreateForMounted(
        string name, string description, Func<ParseResult, string> path, Func<ParseResult, ExistingContent> existing, bool isRunningRoot, Option<bool> acknowledge, string[] details, params Symbol[] symbols)
    {
        var rootSpec = new Option<string?>("--root-mount-spec") { Description = "How the root is named on the kernel command line, instead of by its UUID; empty for not at all", HelpName = "SPEC" };
        var bootSpec = new Option<string?>("--boot-mount-spec") { Description = "How a /boot of its own is named, instead of by its UUID; empty for not at all", HelpName = "SPEC" };
        var skip = new Option<bool>("--skip-finalize") { Description = "Leave out the last step, for which 'bootc install finalize' is" };
        var common = new InstallOptionSet();
        var progress = new ProgressOptions();
        var command = new DocumentedCommand(name, description, [.. symbols, acknowledge, rootSpec, bootSpec, skip]) { UsesSysroot = false, Details = details };
        common.AddTo(command);
        progress.AddTo(command);
        command.SetAction(async (parsed, cancellation) =>
        {
            RequireRoot(name);
            InstallOptions options = await common.ReadAsync(parsed, cancellation) with { RootMountSpec = parsed.GetValue(rootSpec), BootMountSpec = parsed.GetValue(bootSpec) };
            await WarnAsync(path(parsed), existing(parsed), parsed.GetValue(acknowledge), cancellation);
            await progress.CreateView(parsed).RunAsync(async view =>
            {
                await new FilesystemInstallation(options, view) { Root = path(parsed), Existing = existing(parsed), IsRunningRoot = isRunningRoot, SkipFinalize = parsed.GetValue(skip) }.RunAsync(cancellation);
                return OperationOutcome.Changed;
            });
            return 0;
        });
        return command;
    }

    // The running system's own root is replaced without a way back: time for second thoughts.
    private static async Task WarnAsync(string path, ExistingContent existing, bool isAcknowledged, CancellationToken cancellation)
    {
        if (Path.GetFullPath(path) is "/" or "/target" && existing != ExistingContent.Refuse && !isAcknowledged)
        {
            Console.Error.WriteLine($"{(existing == ExistingContent.Wipe ? $"All that is in {path}" : $"What {Path.Combine(path, "boot")} has")} is removed in 20 seconds; interrupt this to keep it, or give --acknowledge-destructive to go on at once");
            await Task.Delay(TimeSpan.FromSeconds(20), cancellation);
        }
    }

    private static Command CreateFinalize()
    {
        var path = new Argument<string>("ROOT_PATH") { Description = "Where the root is mounted" };
        var command = new DocumentedCommand("finalize", "Trim and flush the file systems of an installed root, as the last step before it is unmounted", path) { UsesSysroot = false };
        command.SetAction(parsed =>
        {
            RequireRoot("finalize");
            Finalization.Run(parsed.GetRequiredValue(path));
        });
        return command;
    }

    private static Command CreateReset()
    {
        var experimental = new Option<bool>("--experimental") { Description = "Say that you know that this may change" };
        var target = new Option<string?>("--target-imgref") { Description = "The image, if it is another one than that which runs", HelpName = "IMAGE" };
        var transport = TransportOption.Create("--target-transport", "that image");
        var verify = new Option<bool>("--enforce-container-sigpolicy") { Description = "Refuse that image unless the containers policy asks for its signature and finds it good" };
        var stateroot = new Option<string?>("--stateroot") { Description = "The name of the new stateroot, instead of one like s2026-0", HelpName = "NAME" };
        var arguments = new Option<string[]>("--karg") { Description = "Add a kernel argument", HelpName = "ARG" };
        var noRoot = new Option<bool>("--no-root-kargs") { Description = "Do not take over the kernel arguments by which the root is found" };
        var apply = new Option<bool>("--apply") { Description = "Reboot into the new deployment when it is ready" };
        var progress = new ProgressOptions();
        var command = new DocumentedCommand("reset", "Start anew: the image with an /etc and a /var that nobody has touched", experimental, target, transport, verify, stateroot, arguments, noRoot, apply)
        {
            Details = ["The new deployment has a stateroot of its own. The one before can still be booted, and its files stay in /sysroot/ostree/deploy."],
        };
        progress.AddTo(command);
        command.Validators.Add(result =>
        {
            if (!result.GetValue(experimental))
            {
                result.AddError("this command may still change: give --experimental to use it");
            }

            if (result.GetValue(target) is null && (result.GetValue(verify) || result.GetValue(transport) is not null))
            {
                result.AddError("--target-transport and --enforce-container-sigpolicy are about the image that --target-imgref names, which is not given");
            }
        });
        command.SetAction(async (parsed, cancellation) =>
        {
            using Sysroot sysroot = OpenSysroot.ForWriting(parsed, "install reset");
            Reboot.Check(sysroot, parsed.GetValue(apply));
            var oci = new OciOptions();
            ImageReference? image = parsed.GetValue(target) is { } named ? await ImageName.ResolveAsync(ImageName.Read(named, parsed.GetValue(transport)), oci, ErrorReport.Log, cancellation) : null;
            SignatureVerification verification = parsed.GetValue(verify) ? SignatureVerification.ContainerPolicy : SignatureVerification.ContainerPolicyAllowInsecure;
            OperationOutcome outcome = await progress.CreateView(parsed).RunAsync(view => new ResetOperation(sysroot, oci, view)
            {
                Target = image is null ? null : new OstreeImageReference(verification, null, image),
                Stateroot = parsed.GetValue(stateroot),
                KernelArguments = parsed.GetValue(arguments) ?? [],
                WithoutRootArguments = parsed.GetValue(noRoot),
            }.RunAsync(cancellation));
            return Reboot.IfAsked(parsed.GetValue(apply), outcome);
        });
        return command;
    }

    private static Command CreatePrintConfiguration()
    {
        var all = new Option<bool>("--all") { Description = "Show also the kernel arguments, which every way to install adds by itself" };
        var command = new DocumentedCommand("print-configuration", "Show as JSON what this system wants of installations", all)
        {
            Details = ["The settings are those in bootc/install of /usr/lib, /usr/local/lib, /etc and /run, merged."],
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
