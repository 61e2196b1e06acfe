// bootc rollback
using System.CommandLine;
using Bootc.Cli.CommandLine;
using Bootc.Cli.Presentation;
using Bootc.Deployments;

namespace Bootc.Cli.Commands;

internal static class RollbackCommand
{
    public static Command Create()
    {
        var reboot = new RebootOptions("Reboot into it when it is done");
        var progress = new ProgressOptions();
        var command = new DocumentedCommand("rollback", "Boot the previous deployment next", reboot.Apply, reboot.Soft)
        {
            Details =
            [
                "The current and the previous deployment change places. A second rollback, before or after the reboot, changes them back. A staged deployment is discarded.",
                "Changes to /etc since the update stay with the deployment in which they were made; /var is not rolled back.",
            ],
            Examples = [("bootc rollback --apply", "Go back to the previous deployment now.")],
        };
        progress.AddTo(command);
        command.SetAction(async (parsed, cancellation) =>
        {
            using Sysroot sysroot = OpenSysroot.ForWriting(parsed, "rollback");
            reboot.Check(parsed, sysroot);
            OperationOutcome outcome = await progress.CreateView(parsed).RunAsync(view => Task.FromResult(new RollbackOperation(sysroot, view).Run(cancellation)));
            return reboot.Carry(parsed, sysroot, outcome);
        });
        return command;
    }
}
