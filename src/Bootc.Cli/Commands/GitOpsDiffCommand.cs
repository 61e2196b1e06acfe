// bootc gitops diff
using System.CommandLine;
using Bootc.Cli.CommandLine;
using Bootc.Cli.Presentation;
using Bootc.Oci;
using Bootc.Updates.Agent;
using Bootc.Updates.Git;

namespace Bootc.Cli.Commands;

internal static class GitOpsDiffCommand
{
    public static Command Create()
    {
        var command = new DocumentedCommand("diff", "Show in what this host is not as its repository wants it")
        {
            Details = ["The repository of the update agent's settings is fetched, and its commit accepted or not, as the agent does it. Nothing is changed on the host. Lines begin with + for what is to be added, - for what is to go, and ~ for what is to be something else."],
            Examples = [("bootc gitops diff", "What will the agent change?")],
        };
        command.SetAction(async (parsed, cancellation) =>
        {
            string root = parsed.GetValue(BootcCommand.SysrootOption)!;
            AgentConfig config = AgentConfig.Load(root);
            var source = new GitSource(config.Git, HostIdentity.OfHost(config, root), root);
            var host = new GitHost(root, source, config.Git, new OciOptions { Root = root }, () => new QuietProgress());
            (GitView view, IReadOnlyList<HostDifference> differences) = await host.DiffAsync(cancellation);
            Console.Out.WriteLine($"# commit {view.State.Accepted} of {source.Description}");
            Console.Out.WriteLine($"# {(view.State.Subject is { Length: > 0 } subject ? $"\"{subject}\", " : "")}signed by {view.State.Signer}");
            foreach (string line in view.Wish!.Sources.DefaultIfEmpty($"no document is for {view.Wish.Name}"))
            {
                Console.Out.WriteLine($"# {line}");
            }

            foreach (HostDifference difference in differences)
            {
                Console.Out.WriteLine(difference);
            }

            if (view.Problem is { } problem)
            {
                Console.Error.WriteLine($"warning: nothing newer is accepted: {problem}");
            }

            return 0;
        });
        return command;
    }
}
