// bootc internals: what packagers, tests and the curious need.
using System.CommandLine;
using Bootc.Deployments;

namespace Bootc.Cli.Commands;

internal static class InternalsCommand
{
    public static Command Create() => new("internals", "Lower-level tools")
    {
        CreateInitSysroot(),
        CreateFinalize(),
        FsckCommand.Create(),
        ComposefsCommand.Create(),
        FsVerityCommand.Create(),
    };

    private static Command CreateInitSysroot()
    {
        var directory = new Argument<string>("DIR") { Description = "The directory, made where it is missing" };
        var stateroot = new Option<string>("--stateroot") { Description = "The name of the stateroot, which holds /var", DefaultValueFactory = _ => "default", HelpName = "NAME" };
        var command = new Command("init-sysroot", "Make a directory a sysroot without deployments") { directory, stateroot };
        command.SetAction(parsed =>
        {
            Sysroot.Initialize(parsed.GetRequiredValue(directory), parsed.GetValue(stateroot)!);
            Console.Out.WriteLine($"{parsed.GetValue(directory)} is a sysroot with the stateroot '{parsed.GetValue(stateroot)}'");
        });
        return command;
    }

    private static Command CreateFinalize()
    {
        var command = new Command("finalize-staged", "Make the staged deployment bootable; run by the system at shutdown");
        command.SetAction(parsed =>
        {
            using Sysroot sysroot = OpenSysroot.ForWriting(parsed, "internals finalize-staged");
            using SysrootLock held = sysroot.Lock(Console.Error.WriteLine);
            Console.Out.WriteLine(sysroot.FinalizeStaged() is { } deployment ? $"Finalized {deployment}" : "Nothing to finalize");
        });
        return command;
    }
}
