// `--help`: what a command does, how it is called, and examples.
using System.CommandLine;
using System.CommandLine.Invocation;

namespace Bootc.Cli.CommandLine;

internal sealed class ShowHelp : SynchronousCommandLineAction
{
    private const int MaximumWidth = 100;
    private const int WidthWithoutTerminal = 80;

    public override bool Terminating => true;

    public override int Invoke(ParseResult parsed)
    {
        Write(parsed.CommandResult.Command, Console.Out, Console.IsOutputRedirected ? WidthWithoutTerminal : Console.WindowWidth);
        return 0;
    }

    /// <summary>Writes the help of a command for a terminal of so many columns.</summary>
    public static void Write(Command command, TextWriter output, int width)
    {
        width = Math.Clamp(width, 40, MaximumWidth);
        output.WriteLine($"{command.Description}.");
        output.WriteLine($"\nUsage: {CommandTree.Synopsis(command)}");
        if (command.Aliases.Count > 0)
        {
            output.WriteLine($"Also:  {string.Join(", ", command.Aliases)}");
        }

        var documented = command as DocumentedCommand;
        foreach (string paragraph in documented?.Details ?? [])
        {
            output.WriteLine();
            WriteWrapped(paragraph, "", width, output);
        }

        WriteList("Commands", CommandTree.VisibleCommands(command).Select(child => (child.Name, child.Description ?? "")), width, output);
        WriteList("Arguments", command.Arguments.Select(argument => (argument.Name, argument.Description ?? "")), width, output);
        WriteList("Options", CommandTree.VisibleOptions(command).Select(option => (CommandTree.Show(option), option.Description ?? "")), width, output);
        WriteExamples(documented?.Examples ?? [], output);
    }

    private static void WriteList(string title, IEnumerable<(string Name, string Text)> entries, int width, TextWriter output)
    {
        (string Name, string Text)[] rows = [.. entries];
        if (rows.Length == 0)
        {
            return;
        }

        output.WriteLine($"\n{title}:");
        int column = Math.Min(rows.Max(row => row.Name.Length), width / 3) + 4;
        string indent = new(' ', column);
        foreach ((string name, string text) in rows)
        {
            bool fits = name.Length + 4 <= column;
            if (!fits)
            {
                output.WriteLine($"  {name}");
            }

            WriteWrapped(text, indent, width, output, fits ? $"  {name}".PadRight(column) : indent);
        }
    }

    private static void WriteExamples(IReadOnlyList<(string Line, string Purpose)> examples, TextWriter output)
    {
        if (examples.Count == 0)
        {
            return;
        }

        output.WriteLine("\nExamples:");
        foreach ((string line, string purpose) in examples)
        {
            output.WriteLine($"  {line}");
            output.WriteLine($"      {purpose}");
        }
    }

    private static void WriteWrapped(string text, string indent, int width, TextWriter output, string? first = null)
    {
        string line = first ?? indent;
        bool isEmpty = true;
        foreach (string word in text.Split(' '))
        {
            if (!isEmpty && line.Length + 1 + word.Length > width)
            {
                output.WriteLine(line);
                line = indent;
                isEmpty = true;
            }

            line += isEmpty ? word : $" {word}";
            isEmpty = false;
        }

        output.WriteLine(line);
    }
}
