// What help, manual pages and error messages ask of the tree of commands.
using System.CommandLine;

namespace Bootc.Cli.CommandLine;

internal static class CommandTree
{
    /// <summary>The words that call a command: <c>bootc internals fsck</c>.</summary>
    public static string PathOf(Command command) => command.Parents.OfType<Command>().FirstOrDefault() is { } parent
        ? $"{PathOf(parent)} {command.Name}"
        : "bootc";

    public static IEnumerable<Command> VisibleCommands(Command command) => command.Subcommands.Where(child => !child.Hidden);

    /// <summary>The options that are worth knowing for a command: its own, then the sysroot, then help.</summary>
    public static IEnumerable<Option> VisibleOptions(Command command)
    {
        IEnumerable<Option> own = command.Options.Where(option => !option.Hidden && option != BootcCommand.SysrootOption && option != BootcCommand.HelpOption);
        bool usesSysroot = command is not DocumentedCommand { UsesSysroot: false } && command.Subcommands.Count == 0 || command is RootCommand;
        return [.. own, .. usesSysroot ? [BootcCommand.SysrootOption] : Array.Empty<Option>(), BootcCommand.HelpOption];
    }

    /// <summary>An option as it is written: <c>-q, --quiet</c> or <c>--tag T</c>.</summary>
    public static string Show(Option option)
    {
        IEnumerable<string> names = option.Aliases.Append(option.Name).OrderBy(name => name.Length);
        string value = option.ValueType == typeof(bool) || option.HelpName is null ? "" : $" {option.HelpName}";
        return string.Join(", ", names) + value;
    }

    /// <summary>How a command is called: <c>bootc switch [OPTION]... IMAGE</c>.</summary>
    public static string Synopsis(Command command)
    {
        IEnumerable<string> rest = command.Arguments.Select(argument => argument.Arity.MinimumNumberOfValues == 0 ? $"[{argument.Name}]" : argument.Name);
        return string.Join(' ', [PathOf(command), "[OPTION]...", .. rest, .. command.Subcommands.Count > 0 ? ["COMMAND"] : Array.Empty<string>()]);
    }
}
