// bootc gitops
using System.CommandLine;
using Bootc.Cli.CommandLine;

namespace Bootc.Cli.Commands;

internal static class GitOpsCommand
{
    public static Command Create() => new DocumentedCommand(
        "gitops",
        "Lead hosts by the documents in a Git repository",
        GitOpsValidateCommand.Create(),
        GitOpsRenderCommand.Create(),
        GitOpsDiffCommand.Create(),
        GitOpsAcceptCommand.Create())
    {
        Details =
        [
            "A repository has documents in YAML of the kinds BootcHost, for one host, and BootcHostGroup, for all hosts with some labels: image, kernel arguments, packages, windows for reboots, a pin, a pause. The update agent with the strategy git (updates.git in /etc/bootc/agent.d) fetches it, accepts its commits when they are signed by a configured key and follow the one before, and brings the host to what they want.",
        ],
    };
}
