// Manual pages, made of what the commands say of themselves: man(7) macros.
using System.CommandLine;
using System.Text;
using Bootc.Cli.CommandLine;

namespace Bootc.Cli.Presentation;

internal static class ManualPage
{
    private const string Section = "8";

    private static readonly (string Path, string What)[] Files =
    [
        ("/ostree/repo", "The repository: images, layers and the files of all deployments."),
        ("/ostree/deploy", "The deployments, by stateroot, each with its own /etc; and /var."),
        ("/boot/loader/entries", "The boot entries, in the Boot Loader Specification's format."),
        ("/etc/containers/registries.conf", "Mirrors, and registries without TLS: containers-registries.conf(5)."),
        ("/etc/ostree/auth.json, /run/containers/0/auth.json", "Credentials for registries: containers-auth.json(5)."),
        ("/etc/containers/policy.json", "What images may be used: containers-policy.json(5)."),
    ];

    /// <summary>Writes the pages of a command and of all below it.</summary>
    public static void WriteAll(Command command, string directory)
    {
        File.WriteAllText(Path.Combine(directory, $"{NameOf(command)}.{Section}"), Write(command));
        foreach (Command child in CommandTree.VisibleCommands(command))
        {
            WriteAll(child, directory);
        }
    }

    /// <summary>The page of a command.</summary>
    public static string Write(Command command)
    {
        var page = new StringBuilder();
        string name = NameOf(command);
        page.Append(".\\\" Made from the command tree by 'bootc internals man'; changes here are lost.\n");
        page.Append($".TH {name.ToUpperInvariant()} {Section} \"\" \"bootc\" \"System administration\"\n.nh\n.ad l\n");
        page.Append($".SH NAME\n{Escape(name)} \\- {Escape(LowerFirst(command.Description ?? ""))}\n");
        WriteSynopsis(page, command);
        WriteDescription(page, command);
        WriteTagged(page, "COMMANDS", CommandTree.VisibleCommands(command).Select(child => ($"{NameOf(child)}({Section})", $"{child.Description}.")));
        WriteTagged(page, "ARGUMENTS", command.Arguments.Select(argument => (argument.Name, $"{argument.Description}.")));
        WriteTagged(page, "OPTIONS", CommandTree.VisibleOptions(command).Select(option => (CommandTree.Show(option), $"{option.Description}.")));
        WriteExamples(page, (command as DocumentedCommand)?.Examples ?? []);
        WriteTagged(page, "EXIT STATUS",
        [
            ("0", "All went well."),
            ("1", "Something failed; one line on standard error says what."),
            ("2", "The command line is wrong."),
            ("130, 143", "Interrupted by Ctrl-C or SIGTERM. What boots next is as it was."),
        ]);
        if (command is RootCommand)
        {
            WriteTagged(page, "FILES", Files);
            WriteTagged(page, "ENVIRONMENT", [("NO_COLOR", "Do not use colours."), ("BOOTC_BACKTRACE=1", "Print where in the program an error arose, for reports of defects.")]);
        }

        WriteSeeAlso(page, command);
        return page.ToString();
    }

    private static string NameOf(Command command) => CommandTree.PathOf(command).Replace(' ', '-');

    private static void WriteSynopsis(StringBuilder page, Command command)
    {
        string path = CommandTree.PathOf(command);
        page.Append($".SH SYNOPSIS\n\\fB{Escape(path)}\\fR{Escape(CommandTree.Synopsis(command)[path.Length..])}\n");
        if (command.Aliases.Count > 0)
        {
            page.Append($".PP\nAlso called as {Escape(string.Join(", ", command.Aliases))}.\n");
        }
    }

    private static void WriteDescription(StringBuilder page, Command command)
    {
        page.Append($".SH DESCRIPTION\n{Escape(command.Description ?? "")}.\n");
        foreach (string paragraph in (command as DocumentedCommand)?.Details ?? [])
        {
            page.Append($".PP\n{Escape(paragraph)}\n");
        }
    }

    private static void WriteTagged(StringBuilder page, string title, IEnumerable<(string Tag, string Text)> entries)
    {
        (string Tag, string Text)[] rows = [.. entries];
        if (rows.Length == 0)
        {
            return;
        }

        page.Append($".SH {title}\n");
        foreach ((string tag, string text) in rows)
        {
            page.Append($".TP\n\\fB{Escape(tag)}\\fR\n{Escape(text)}\n");
        }
    }

    private static void WriteExamples(StringBuilder page, IReadOnlyList<(string Line, string Purpose)> examples)
    {
        if (examples.Count == 0)
        {
            return;
        }

        page.Append(".SH EXAMPLES\n");
        foreach ((string line, string purpose) in examples)
        {
            page.Append($".PP\n{Escape(purpose)}\n.PP\n.RS 4\n.nf\n{Escape(line)}\n.fi\n.RE\n");
        }
    }

    private static void WriteSeeAlso(StringBuilder page, Command command)
    {
        IEnumerable<Command> near = command.Parents.OfType<Command>().Concat(command.Parents.OfType<Command>().SelectMany(CommandTree.VisibleCommands)).Where(other => other != command);
        string[] names = [.. near.Select(other => $"{Escape(NameOf(other))}({Section})").Order(StringComparer.Ordinal), .. command is RootCommand ? ["ostree(1)", "containers\\-transports(5)"] : Array.Empty<string>()];
        page.Append($".SH SEE ALSO\n{string.Join(",\n", names)}\n");
    }

    private static string LowerFirst(string text) => text.Length > 0 ? char.ToLowerInvariant(text[0]) + text[1..] : text;

    // A line must not begin with a control character of roff.
    private static string Escape(string text)
    {
        string escaped = text.Replace("\\", "\\e").Replace("-", "\\-").Replace("'", "\\(aq").Replace("`", "\\(ga").Replace("~", "\\(ti").Replace("^", "\\(ha");
        return escaped.StartsWith('.') ? "\\&" + escaped : escaped;
    }
}
