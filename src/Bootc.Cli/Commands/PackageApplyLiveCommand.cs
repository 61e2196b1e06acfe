// bootc package apply-live
using System.CommandLine;
using Bootc.Cli.CommandLine;

namespace Bootc.Cli.Commands;

internal static class PackageApplyLiveCommand
{
    public static Command Create()
    {
        var options = new PackageOptions();
        var command = new DocumentedCommand("apply-live", "Put what the next boot has onto the running system, where that takes no reboot")
        {
            Details =
            [
                "Files of /usr are shown by an overlay that is gone with the next boot; new files of /etc are added. Services are not restarted.",
                "Another kernel or initramfs takes a reboot in any case.",
            ],
        };
        options.AddLiveTo(command, isLiveAnyway: true);
        command.SetAction((parsed, cancellation) => options.RunAsync(parsed, "package apply-live", operation => operation.ApplyPending(cancellation), cancellation: cancellation));
        return command;
    }
}
