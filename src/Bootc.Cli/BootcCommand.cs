// The tree of commands.
using System.CommandLine;
using Bootc.Cli.Commands;

namespace Bootc.Cli;

/// <summary>The command <c>bootc</c>.</summary>
internal static class BootcCommand
{
    /// <summary>The root of the sysroot that commands work on.</summary>
    public static Option<string> SysrootOption { get; } = new("--sysroot")
    {
        Description = "Work on the sysroot DIR instead of the running host",
        HelpName = "DIR",
        DefaultValueFactory = _ => "/",
        Recursive = true,
    };

    public static RootCommand Create()
    {
        var root = new RootCommand("Deploy and update operating systems that are container images")
        {
            SysrootOption,
            SwitchCommand.Create(),
            UpgradeCommand.Create(),
            RollbackCommand.Create(),
            StatusCommand.Create(),
            ImageCommand.Create(),
            CompletionCommand.Create(),
            InternalsCommand.Create(),
        };
        return root;
    }
}
