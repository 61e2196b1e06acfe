// bootc internals follow-entries
using System.CommandLine;
using Bootc.Cli.CommandLine;
using Bootc.Cli.Presentation;
using Bootc.Deployments;

namespace Bootc.Cli.Commands;

internal static class FollowEntriesCommand
{
    public static Command Create()
    {
        var command = new DocumentedCommand("follow-entries", "Bring the boot loader's own files in line with the boot entries")
        {
            Details =
            [
                "GRUB without blscfg reads a menu that is generated, and systemd-boot reads entries and kernels on the EFI system partition. When libostree changes the deployments, as 'ostree admin undeploy' or 'ostree admin set-default' do, it writes entries in /boot alone. This makes the rest follow, and does nothing where all is in line.",
                "On an image-based host units run it whenever deployments were changed, when the system boots, and when it goes down.",
            ],
        };
        command.SetAction((parsed, cancellation) =>
        {
            using Sysroot sysroot = OpenSysroot.ForWriting(parsed, "internals follow-entries");
            Console.Out.WriteLine(sysroot.FollowEntriesOfOthers(ErrorReport.Log, cancellation)
                ? "The boot loader's files follow the boot entries now"
                : "The boot loader's files are in line with the boot entries");
            return Task.FromResult(0);
        });
        return command;
    }
}
