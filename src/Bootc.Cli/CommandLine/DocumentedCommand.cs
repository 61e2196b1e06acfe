// A command with all that its help and its manual page say.
using System.CommandLine;

namespace Bootc.Cli.CommandLine;

/// <summary>A command and what users should know of it. Its description is one line, without a full stop.</summary>
internal sealed class DocumentedCommand : Command
{
    /// <summary>A command with its arguments, options and commands.</summary>
    public DocumentedCommand(string name, string description, params ReadOnlySpan<Symbol> symbols)
        : base(name, description)
    {
        foreach (Symbol symbol in symbols)
        {
            switch (symbol)
            {
                case Argument argument:
                    Add(argument);
                    break;
                case Option option:
                    Add(option);
                    break;
                case Command command:
                    Add(command);
                    break;
            }
        }
    }

    /// <summary>Paragraphs on what the command does and does not do.</summary>
    public IReadOnlyList<string> Details { get; init; } = [];

    /// <summary>Command lines, and what each is for.</summary>
    public IReadOnlyList<(string Line, string Purpose)> Examples { get; init; } = [];

    /// <summary>Whether it works on a sysroot; the option for it is shown only then.</summary>
    public bool UsesSysroot { get; init; } = true;
}
