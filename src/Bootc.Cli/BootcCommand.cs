// The tree of commands.
using System.CommandLine;
using System.CommandLine.Help;
using Bootc.Cli.CommandLine;
using Bootc.Cli.Commands;

namespace Bootc.Cli;

/// <summary>The command <c>bootc</c>.</summary>
internal static class BootcCommand
{
    /// <summary>The root of the sysroot that commands work on.</summary>
    public static Option<string> SysrootOption { get; } = new("--sysroot")
    {
        Description = "Work on the sysroot at DIR instead of that of the running host",
        HelpName = "DIR",
        DefaultValueFactory = _ => "/",
        Recursive = true,
    };

    /// <summary>Shows what a command does.</summary>
    public static HelpOption HelpOption { get; } = new("--help", "-h") { Description = "Show this help", Action = new ShowHelp() };

    public static RootCommand Create()
    {
        var root = new RootCommand("Deploy and update an operating system that is a container image")
        {
            StatusCommand.Create(),
            SwitchCommand.Create(),
            UpgradeCommand.Create(),
            RollbackCommand.Create(),
            EditCommand.Create(),
            KargsCommand.Create(),
            ConfigDiffCommand.Create(),
            UsrOverlayCommand.Create(),
            PackageCommand.Create(),
            ImageCommand.Create(),
            LoginCommand.CreateLogin(),
            LoginCommand.CreateLogout(),
            AgentCommand.Create(),
            GitOpsCommand.Create(),
            GraphCommand.Create(),
            FleetLockCommand.Create(),
            InstallCommand.Create(),
            CompletionCommand.Create(),
            InternalsCommand.Create(),
        };
        root.Options.Clear();
        root.Add(SysrootOption);
        root.Add(new VersionOption("--version") { Description = "Show the version", Action = new ShowVersion() });
        root.Add(HelpOption);
        return root;
    }
}
