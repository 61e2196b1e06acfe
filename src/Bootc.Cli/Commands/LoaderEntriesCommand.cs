// bootc loader-entries
using System.CommandLine;
using Bootc.Cli.CommandLine;
using Bootc.Cli.Presentation;
using Bootc.Deployments;

namespace Bootc.Cli.Commands;

internal static class LoaderEntriesCommand
{
    public static Command Create() => new DocumentedCommand("loader-entries", "Let programs look after kernel arguments of their own", CreateSetOptions());

    private static DocumentedCommand CreateSetOptions()
    {
        var source = new Option<string>("--source") { Description = "The program that answers for the arguments", HelpName = "NAME", Required = true };
        var options = new Option<string?>("--options") { Description = "The arguments it wants to be set, as one word of the shell; without it, none any more", HelpName = "ARGS" };
        var progress = new ProgressOptions();
        var command = new DocumentedCommand("set-options-for-source", "Set the kernel arguments of one program", source, options)
        {
            Details =
            [
                "A new deployment of the same image is made, in which the arguments that this source has set before give way to those it sets now. Arguments of other sources, of images and of administrators stay. On the running host it takes effect with the next reboot.",
                "What a source has set is noted in the boot entry (x-options-source-NAME), and goes along with upgrades.",
            ],
            Examples =
            [
                ("bootc loader-entries set-options-for-source --source tuned --options 'isolcpus=1-3 nohz_full=1-3'", "Set what a profile asks for."),
                ("bootc loader-entries set-options-for-source --source tuned", "Take it back."),
            ],
        };
        progress.AddTo(command);
        command.SetAction(async (parsed, cancellation) =>
        {
            var wanted = new SourcedArguments(parsed.GetRequiredValue(source), parsed.GetValue(options));
            using Sysroot sysroot = OpenSysroot.ForWriting(parsed, "loader-entries set-options-for-source");
            await progress.CreateView(parsed).RunAsync(view => Task.FromResult(new KernelArgumentsOperation(sysroot, view).Run(wanted, cancellation)));
            return 0;
        });
        return command;
    }
}
