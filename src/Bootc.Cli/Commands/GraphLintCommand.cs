// bootc graph lint
using System.CommandLine;
using Bootc.Cli.CommandLine;
using Bootc.Updates.Documents;
using Bootc.Updates.Graph;

namespace Bootc.Cli.Commands;

internal static class GraphLintCommand
{
    public static Command Create()
    {
        var files = new Argument<string[]>("FILE") { Description = "The documents", Arity = ArgumentArity.OneOrMore };
        var strict = new Option<bool>("--strict") { Description = "Fail for warnings, too" };
        var command = new DocumentedCommand("lint", "Check documents of graphs", files, strict)
        {
            UsesSysroot = false,
            Details = ["Errors are what no server would take. Warnings are what is hardly meant: hosts that get no further, rollouts that never end, ways that pass a barrier. The exit code is 1 when there are errors."],
            Examples = [("bootc graph lint --strict graphs/*.yaml", "In the continuous integration of the repository with the documents.")],
        };
        command.SetAction(parsed =>
        {
            bool isFaulty = false;
            foreach (string path in parsed.GetRequiredValue(files))
            {
                IReadOnlyList<DocumentFault> faults = GraphDocument.Lint(File.ReadAllText(path));
                foreach (DocumentFault fault in faults)
                {
                    Console.Out.WriteLine($"{path}:{fault}");
                }

                isFaulty |= faults.Any(fault => fault.IsError || parsed.GetValue(strict));
            }

            return isFaulty ? 1 : 0;
        });
        return command;
    }
}
