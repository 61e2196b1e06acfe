// The tree of commands.
using System.CommandLine;
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
    /// <remarks>The library's own options for this and the version look up texts that are replaced here, which costs a tenth of a short command.</remarks>
    public static Option<bool> HelpOption { get; } = new("--help", "-h") { Description = "Show this help", Arity = ArgumentArity.Zero, Recursive = true, Action = new ShowHelp() };

    private const string Name = "bootc";

    // In the order in which help lists them; after its name, the other names of a command.
    private static readonly (string[] Names, Func<Command> Create)[] Commands =
    [
        (["status"], StatusCommand.Create),
        (["switch"], SwitchCommand.Create),
        (["upgrade", "update"], UpgradeCommand.Create),
        (["rollback"], RollbackCommand.Create),
        (["edit"], EditCommand.Create),
        (["kargs"], KargsCommand.Create),
        (["loader-entries"], LoaderEntriesCommand.Create),
        (["config-diff"], ConfigDiffCommand.Create),
        (["usr-overlay", "usroverlay"], UsrOverlayCommand.Create),
        (["package"], PackageCommand.Create),
        (["initramfs"], InitramfsCommand.Create),
        (["initramfs-etc"], InitramfsEtcCommand.Create),
        (["image"], ImageCommand.Create),
        (["container"], ContainerCommand.Create),
        (["login"], LoginCommand.CreateLogin),
        (["logout"], LoginCommand.CreateLogout),
        (["agent"], AgentCommand.Create),
        (["gitops"], GitOpsCommand.Create),
        (["graph"], GraphCommand.Create),
        (["fleet-lock"], FleetLockCommand.Create),
        (["install"], InstallCommand.Create),
        (["completion"], CompletionCommand.Create),
        (["internals"], InternalsCommand.Create),
    ];

    /// <summary>The whole tree.</summary>
    public static RootCommand Create() => Complete(new RootCommand("Deploy and update an operating system that is a container image"), Commands);

    /// <summary>The tree as far as a command line needs it: where its first word is a command, that one, and all otherwise.</summary>
    /// <remarks>
    /// To make all commands, with their options, takes longer than what the short ones of them do. So does what a <see cref="RootCommand"/>
    /// looks for: its name, by reflection, and texts for options that are replaced here.
    /// </remarks>
    public static Command CreateFor(IReadOnlyList<string> arguments)
    {
        foreach ((string[] Names, Func<Command> Create) command in Commands)
        {
            if (arguments.Count > 0 && command.Names.Contains(arguments[0]))
            {
                return Complete(new Command(Name), [command]);
            }
        }

        return Create();
    }

    private static T Complete<T>(T root, IEnumerable<(string[] Names, Func<Command> Create)> commands)
        where T : Command
    {
        foreach ((_, Func<Command> create) in commands)
        {
            root.Add(create());
        }

        root.Options.Clear();
        root.Add(SysrootOption);
        root.Add(new Option<bool>("--version") { Description = "Show the version", Arity = ArgumentArity.Zero, Action = new ShowVersion() });
        root.Add(HelpOption);
        return root;
    }
}
