// bootc kargs
using System.CommandLine;
using Bootc.Cli.CommandLine;
using Bootc.Cli.Presentation;
using Bootc.Deployments;

namespace Bootc.Cli.Commands;

internal static class KargsCommand
{
    public static Command Create()
    {
        Option<string[]> append = List("--append", "ARG", "Add ARG, a KEY or KEY=VALUE");
        Option<string[]> appendMissing = List("--append-if-missing", "ARG", "Add ARG unless it is there");
        Option<string[]> delete = List("--delete", "ARG", "Remove KEY=VALUE, or KEY when there is only one of it");
        Option<string[]> deletePresent = List("--delete-if-present", "ARG", "Remove ARG if it is there");
        Option<string[]> replace = List("--replace", "ARG", "Give KEY another value: KEY=NEW, or KEY=OLD=NEW where there are several");
        var apply = new Option<bool>("--apply") { Description = "Reboot into the change when it is ready" };
        var progress = new ProgressOptions();
        var command = new DocumentedCommand("kargs", "Show or change the kernel arguments of the next boot", append, appendMissing, delete, deletePresent, replace, apply)
        {
            Details =
            [
                "Without options, the arguments are printed. With options, a new deployment of the same image is made that has the changed arguments; the current one stays to roll back to. On the running host it takes effect with the next reboot.",
                "Arguments that images bring along (/usr/lib/bootc/kargs.d) come and go with upgrades; those set here stay.",
            ],
            Examples =
            [
                ("bootc kargs", "What will the kernel be told at the next boot?"),
                ("bootc kargs --append console=ttyS0 --delete quiet", "Log to the serial console."),
                ("bootc kargs --replace loglevel=7", "Give an argument another value."),
            ],
        };
        progress.AddTo(command);
        command.SetAction(async (parsed, cancellation) =>
        {
            var edit = new KernelArgumentsEdit
            {
                Append = parsed.GetValue(append) ?? [],
                AppendIfMissing = parsed.GetValue(appendMissing) ?? [],
                Delete = parsed.GetValue(delete) ?? [],
                DeleteIfPresent = parsed.GetValue(deletePresent) ?? [],
                Replace = parsed.GetValue(replace) ?? [],
            };
            using Sysroot sysroot = edit.IsEmpty ? OpenSysroot.ForReading(parsed) : OpenSysroot.ForWriting(parsed, "kargs");
            Reboot.Check(sysroot, parsed.GetValue(apply));
            if (edit.IsEmpty)
            {
                Console.Out.WriteLine(string.Join(' ', KernelArgumentsOperation.Show(sysroot)));
                return 0;
            }

            Reboot.RefuseWhileUpdateWaits(sysroot, parsed.GetValue(apply));
            OperationOutcome outcome = await progress.CreateView(parsed).RunAsync(view => Task.FromResult(new KernelArgumentsOperation(sysroot, view).Run(edit, cancellation)));
            return Reboot.IfAsked(parsed.GetValue(apply), outcome);
        });
        return command;
    }

    private static Option<string[]> List(string name, string value, string description) => new(name) { Description = description, HelpName = value, AllowMultipleArgumentsPerToken = false };
}
