// What users see when the command line cannot be understood: one line on what is wrong, and one on what to do.
using System.CommandLine;
using System.CommandLine.Parsing;

namespace Bootc.Cli.CommandLine;

internal static class UsageError
{
    public const int ExitCode = 2;

    /// <summary>Says what is wrong with a command line, if anything is.</summary>
    /// <returns>Whether it can be run.</returns>
    public static bool Report(ParseResult parsed)
    {
        Command command = parsed.CommandResult.Command;
        if (parsed.Action is not null && (parsed.Action == BootcCommand.HelpOption.Action || parsed.GetResult(BootcCommand.HelpOption) is { Implicit: false }))
        {
            return true;
        }

        if (Describe(parsed, command) is not { } error)
        {
            return true;
        }

        Console.Error.WriteLine($"error: {error}");
        Console.Error.WriteLine($"Try '{CommandTree.PathOf(command)} --help'.");
        return false;
    }

    private static string? Describe(ParseResult parsed, Command command)
    {
        if (FindUnknownOption(parsed) is { } option)
        {
            return $"'{CommandTree.PathOf(command)}' has no option '{option}'{Suggest(option, CommandTree.VisibleOptions(command).SelectMany(known => known.Aliases.Append(known.Name)))}";
        }

        if (parsed.UnmatchedTokens is [var token, ..])
        {
            return command.Subcommands.Count > 0
                ? $"'{CommandTree.PathOf(command)}' has no command '{token}'{Suggest(token, CommandTree.VisibleCommands(command).SelectMany(known => known.Aliases.Append(known.Name)))}"
                : $"'{token}' is one argument too many";
        }

        if (command.Subcommands.Count > 0 && parsed.Errors.Count > 0)
        {
            return $"'{CommandTree.PathOf(command)}' needs a command: {string.Join(", ", CommandTree.VisibleCommands(command).Select(known => known.Name))}";
        }

        return FindMissing(parsed, command) ?? (parsed.Errors is [var first, ..] ? OneLine(first.Message) : null);
    }

    // The parser takes what looks like an option for an argument when no option has that name.
    private static string? FindUnknownOption(ParseResult parsed)
    {
        HashSet<string> behindDashes = [.. parsed.Tokens.SkipWhile(token => token.Type != TokenType.DoubleDash).Select(token => token.Value)];
        IEnumerable<string> words = parsed.CommandResult.Children.OfType<ArgumentResult>().SelectMany(result => result.Tokens).Select(token => token.Value)
            .Concat(parsed.UnmatchedTokens);
        return words.FirstOrDefault(word => word.Length > 1 && word[0] == '-' && !behindDashes.Contains(word))?.Split('=')[0];
    }

    private static string? FindMissing(ParseResult parsed, Command command)
    {
        foreach (OptionResult option in parsed.CommandResult.Children.OfType<OptionResult>())
        {
            if (option.Option.Arity.MinimumNumberOfValues > 0 && option.Tokens.Count == 0 && !option.Implicit)
            {
                return $"{option.Option.Name} needs a value{(option.Option.HelpName is { } name ? $": {option.Option.Name} {name}" : "")}";
            }
        }

        Argument? missing = command.Arguments.FirstOrDefault(argument => argument.Arity.MinimumNumberOfValues > 0 && (parsed.GetResult(argument)?.Tokens.Count ?? 0) == 0);
        return missing is null ? null : $"{missing.Name} is missing: {CommandTree.Synopsis(command)}";
    }

    private static string Suggest(string word, IEnumerable<string> known) => Spelling.FindNearest(word, known) is { } nearest ? $"; did you mean '{nearest}'?" : "";

    private static string OneLine(string message) => string.Join(' ', message.TrimEnd('.').Split((char[])['\n', '\t', '\r'], StringSplitOptions.RemoveEmptyEntries));
}
