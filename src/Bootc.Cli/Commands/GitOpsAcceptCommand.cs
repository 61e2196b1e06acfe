// bootc gitops accept
using System.CommandLine;
using Bootc.Cli.CommandLine;
using Bootc.Updates.Agent;
using Bootc.Updates.Git;

namespace Bootc.Cli.Commands;

internal static class GitOpsAcceptCommand
{
    public static Command Create()
    {
        var rollback = new Option<bool>("--allow-rollback") { Description = "Accept the branch's commit even if it does not follow the one that was accepted before" };
        var command = new DocumentedCommand("accept", "Accept the commit of the repository's branch now", rollback)
        {
            Details =
            [
                "The update agent accepts commits by itself that follow the one before. A branch that was put back, or whose history was rewritten, is refused: whoever serves the repository could otherwise bring old images back. This is how the owner of the host accepts such a branch; the commit must be signed as ever.",
            ],
            Examples = [("bootc gitops accept --allow-rollback", "Follow the branch although its history was rewritten.")],
        };
        command.SetAction(async (parsed, cancellation) =>
        {
            string root = parsed.GetValue(BootcCommand.SysrootOption)!;
            AgentConfig config = AgentConfig.Load(root);
            var source = new GitSource(config.Git, HostIdentity.OfHost(config, root), root);
            GitView view = await source.AcceptAsync(parsed.GetValue(rollback), cancellation);
            Console.Out.WriteLine($"Accepted: commit {view.State.Accepted} of {source.Description}, signed by {view.State.Signer}");
            return 0;
        });
        return command;
    }
}
