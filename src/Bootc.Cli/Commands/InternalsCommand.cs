// bootc internals: what packagers, tests and the curious need.
using System.CommandLine;
using Bootc.Cli.CommandLine;
using Bootc.Cli.Presentation;
using Bootc.Deployments;
using Bootc.Linux;

namespace Bootc.Cli.Commands;

internal static class InternalsCommand
{
    public static Command Create() => new DocumentedCommand(
        "internals",
        "Make and check sysroots and images, for packagers and tests",
        CreateInitSysroot(),
        CreateFinalize(),
        CreateBootComplete(),
        FollowEntriesCommand.Create(),
        CreateSystemdGenerator(),
        HealthCheckCommand.Create(),
        FsckCommand.Create(),
        ComposefsCommand.Create(),
        FsVerityCommand.Create(),
        OstreeContainerCommand.Create(),
        SealCommand.Create(),
        SigstoreCommand.Create(),
        CommitSignatureCommand.Create(),
        CreateMan());

    private static Command CreateInitSysroot()
    {
        var directory = new Argument<string>("DIR") { Description = "The directory, made where it is missing" };
        var stateroot = new Option<string>("--stateroot") { Description = "The name of the stateroot, which holds /var", DefaultValueFactory = _ => "default", HelpName = "NAME" };
        var command = new DocumentedCommand("init-sysroot", "Make a directory a sysroot without deployments", directory, stateroot)
        {
            UsesSysroot = false,
            Details = ["What it makes equals what 'ostree admin init-fs --modern' and 'ostree admin os-init' make. An image is deployed there with 'bootc switch --sysroot DIR IMAGE'."],
            Examples = [("bootc internals init-sysroot /mnt", "Prepare a file system that is mounted at /mnt.")],
        };
        command.SetAction(parsed =>
        {
            Sysroot.Initialize(parsed.GetRequiredValue(directory), parsed.GetValue(stateroot)!);
            Console.Out.WriteLine($"{parsed.GetValue(directory)} is a sysroot with the stateroot '{parsed.GetValue(stateroot)}'");
        });
        return command;
    }

    private static Command CreateFinalize()
    {
        var hold = new Option<bool>("--hold") { Description = "Finalize nothing; keep /boot mounted until this program is ended" };
        var command = new DocumentedCommand("finalize-staged", "Make the staged deployment bootable, as the system does at shutdown", hold);
        command.SetAction(async (parsed, cancellation) =>
        {
            if (parsed.GetValue(hold))
            {
                await HoldBootAsync(cancellation);
                return;
            }

            using Sysroot sysroot = OpenSysroot.ForWriting(parsed, "internals finalize-staged");
            using SysrootLock held = sysroot.Lock(ErrorReport.Log, CancellationToken.None);
            Console.Out.WriteLine(sysroot.FinalizeStaged() is { } deployment ? $"Finalized {deployment}" : "Nothing to finalize");
        });
        return command;
    }

    // What is mounted on demand stays as long as something in it is open.
    private static async Task HoldBootAsync(CancellationToken cancellation)
    {
        using DirectoryHandle boot = DirectoryHandle.Open("/boot/.");
        try
        {
            await Task.Delay(Timeout.Infinite, cancellation);
        }
        catch (OperationCanceledException)
        {
            // That is how it is ended.
        }
    }

    private static Command CreateSystemdGenerator()
    {
        var normal = new Argument<string>("NORMAL") { Description = "The directory for units" };
        var others = new Argument<string[]>("OTHERS") { Description = "The directories of other priorities, which are not used", Arity = ArgumentArity.ZeroOrMore };
        var command = new DocumentedCommand("systemd-generator", "Write what systemd has to know of the mounts of this host (systemd.generator(7))", normal, others)
        {
            UsesSysroot = false,
            Details = ["The mounts that only the initramfs makes are kept by systemd when it restarts user space alone (systemd-soft-reboot.service(8))."],
        };
        command.SetAction(parsed => InitramfsMounts.Keep(parsed.GetRequiredValue(normal)));
        return command;
    }

    private static Command CreateBootComplete()
    {
        var command = new DocumentedCommand("boot-complete", "Tell what went wrong at the shutdown before, as the system does when it boots")
        {
            Details =
            [
                "What 'finalize-staged' wrote to /boot is taken from there, and 'bootc status' shows it until the next boot. The exit code is 1 when there was something.",
                "After a soft reboot, it is noted which deployment runs now.",
            ],
        };
        command.SetAction(parsed =>
        {
            using Sysroot sysroot = OpenSysroot.ForWriting(parsed, "internals boot-complete");
            if (sysroot.CompleteSoftReboot())
            {
                Console.Out.WriteLine($"User space was rebooted into {sysroot.Booted}");
            }

            if (sysroot.TakeFinalizationFailure() is { } failure)
            {
                throw new DeploymentException($"the staged deployment was not finalized at the shutdown before: {failure}");
            }
        });
        return command;
    }

    private static Command CreateMan()
    {
        var directory = new Argument<string>("DIR") { Description = "Where to write them; made where it is missing" };
        var command = new DocumentedCommand("man", "Write the manual pages of all commands", directory) { UsesSysroot = false };
        command.SetAction(parsed => ManualPage.WriteAll(BootcCommand.Create(), Directory.CreateDirectory(parsed.GetRequiredValue(directory)).FullName));
        return command;
    }
}
