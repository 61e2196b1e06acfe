// bootc rollback
using System.CommandLine;
using Bootc.Cli.Presentation;
using Bootc.Deployments;

namespace Bootc.Cli.Commands;

internal static class RollbackCommand
{
    public static Command Create()
    {
        var apply = new Option<bool>("--apply") { Description = "Reboot into the deployment before" };
        var progress = new ProgressOptions();
        var command = new Command("rollback", "Boot the deployment before the current one next; run again, take that back") { apply };
        progress.AddTo(command);
        command.SetAction(async (parsed, cancellation) =>
        {
            using Sysroot sysroot = OpenSysroot.ForWriting(parsed, "rollback");
            Reboot.Check(sysroot, parsed.GetValue(apply));
            OperationOutcome outcome = await progress.CreateView(parsed).RunAsync(view => Task.FromResult(new RollbackOperation(sysroot, view).Run(cancellation)));
            return Reboot.IfAsked(parsed.GetValue(apply), outcome);
        });
        return command;
    }
}
