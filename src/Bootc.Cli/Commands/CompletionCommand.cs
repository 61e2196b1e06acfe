// bootc completion
using System.CommandLine;

namespace Bootc.Cli.Commands;

internal static class CompletionCommand
{
    // Each script hands the line to the program itself, which knows its own commands and options.
    private const string Bash = """
        _bootc() {
            local IFS=$'\n'
            COMPREPLY=($(compgen -W "$(bootc "[suggest:${COMP_POINT}]" "${COMP_LINE}" 2>/dev/null)" -- "${COMP_WORDS[COMP_CWORD]}"))
        }
        complete -o default -F _bootc bootc
        """;

    private const string Zsh = """
        #compdef bootc
        _bootc() {
            local -a candidates
            candidates=("${(@f)$(bootc "[suggest:${#BUFFER}]" "${BUFFER}" 2>/dev/null)}")
            compadd -a candidates
        }
        compdef _bootc bootc
        """;

    private const string Fish = """
        function __bootc_complete
            set -l line (commandline -cp)
            bootc "[suggest:"(string length -- "$line")"]" "$line" 2>/dev/null
        end
        complete -c bootc -f -a '(__bootc_complete)'
        """;

    public static Command Create()
    {
        var shell = new Argument<string>("SHELL") { Description = "bash, zsh or fish" };
        shell.AcceptOnlyFromAmong("bash", "zsh", "fish");
        var command = new Command("completion", "Print a script that completes bootc's commands in a shell") { shell };
        command.SetAction(parsed => Console.Out.WriteLine(parsed.GetValue(shell) switch { "zsh" => Zsh, "fish" => Fish, _ => Bash }));
        return command;
    }
}
