// bootc completion
using System.CommandLine;
using Bootc.Cli.CommandLine;

namespace Bootc.Cli.Commands;

internal static class CompletionCommand
{
    // Each script hands the line to the program itself, which knows its own commands and options. Where it has nothing to
    // offer, the shell completes file names.
    private const string Bash = """
        _bootc() {
            local word line candidate
            line=${COMP_LINE:0:COMP_POINT}
            word=${line##*[[:space:]=]}
            COMPREPLY=()
            while IFS= read -r candidate; do
                [[ -n $candidate && $candidate == "$word"* ]] && COMPREPLY+=("$candidate")
            done < <("${COMP_WORDS[0]}" "[suggest:${#line}]" "$line" 2>/dev/null)
        }
        complete -o default -F _bootc bootc
        """;

    private const string Zsh = """
        #compdef bootc
        _bootc() {
            local line="${(j: :)words[1,CURRENT]}"
            local -a candidates
            candidates=("${(@f)$("${words[1]}" "[suggest:${#line}]" "$line" 2>/dev/null)}")
            candidates=("${(@)candidates:#}")
            [[ ${words[CURRENT]} == --*=* ]] && compset -P '*='
            if (( ${#candidates} )); then
                compadd -a candidates
            else
                _files
            fi
        }
        if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
            _bootc "$@"
        else
            compdef _bootc bootc
        fi
        """;

    private const string Fish = """
        function __bootc_complete
            set -l line (commandline -cp)
            set -l program (string split -m1 ' ' -- "$line")[1]
            set -l candidates ($program "[suggest:"(string length -- "$line")"]" "$line" 2>/dev/null | string match -v '')
            set -l option (string match -r -- '^--[^=]*=' (commandline -ct))
            if test (count $candidates) -gt 0
                printf '%s\n' "$option"$candidates
            else
                __fish_complete_path (commandline -ct)
            end
        end
        complete -c bootc -f -a '(__bootc_complete)'
        """;

    public static Command Create()
    {
        Argument<string> shell = new Argument<string>("SHELL") { Description = "bash, zsh or fish" }.OneOf("bash", "zsh", "fish");
        var command = new DocumentedCommand("completion", "Print a script that completes bootc's command lines in a shell", shell)
        {
            UsesSysroot = false,
            Examples =
            [
                ("source <(bootc completion bash)", "Complete in this bash."),
                ("bootc completion fish > ~/.config/fish/completions/bootc.fish", "Complete in every fish of this user."),
            ],
        };
        command.SetAction(parsed => Console.Out.WriteLine(parsed.GetValue(shell) switch { "zsh" => Zsh, "fish" => Fish, _ => Bash }));
        return command;
    }
}
