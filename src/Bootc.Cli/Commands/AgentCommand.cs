// bootc agent
using System.CommandLine;
using Bootc.Cli.CommandLine;
using Bootc.Cli.Presentation;
using Bootc.Deployments;
using Bootc.Linux;
using Bootc.Updates.Agent;

namespace Bootc.Cli.Commands;

internal static class AgentCommand
{
    public static Command Create()
    {
        var command = new DocumentedCommand("agent", "Keep this host updated: look for updates, stage them, reboot when it suits", AgentStatusCommand.Create())
        {
            Details =
            [
                "The agent is a service, bootc-agent.service; 'systemctl enable --now bootc-agent' starts it. It goes from state to state: it reports the host as well, looks for updates, stages one, waits until the host may reboot, and reboots. 'bootc agent status' shows where it stands.",
                "Its settings are files in TOML, in /usr/lib/bootc/agent.d, /run/bootc/agent.d and /etc/bootc/agent.d; those of zincati, in config.d of /usr/lib/zincati and so on, are read before them and mean the same. SIGHUP ('systemctl reload bootc-agent') reads them anew.",
                "updates.strategy says when the host may reboot: immediate, periodic (in weekly windows, updates.periodic.window) or fleet_lock (when a lock manager lets it, updates.fleet_lock.base_url). Without a graph of updates (graph.document or cincinnati.base_url) the host follows the newest image under its name, or the graph that its repository carries.",
                "With the strategy git, a Git repository says what the host is (updates.git); see 'bootc gitops'.",
                "Users who are logged in are told of a reboot and have ten minutes. Programs in /etc/bootc/pre-reboot.d run before it; one that fails puts it off. Numbers for Prometheus, under zincati's names, are at /metrics on the Unix socket /run/bootc/metrics.sock (agent.metrics.listen).",
            ],
            Examples =
            [
                ("systemctl enable --now bootc-agent", "Keep this host updated."),
                ("bootc agent status", "What does it do, and what does it wait for?"),
            ],
        };
        command.SetAction(async (parsed, cancellation) =>
        {
            string sysroot = parsed.GetValue(BootcCommand.SysrootOption)!;
            if (!CurrentProcess.IsRoot)
            {
                throw new DeploymentException("'bootc agent' updates the host and must be run as root");
            }

            var service = new AgentService(sysroot, sysroot, () => new QuietProgress(), ErrorReport.Log);
            Termination.Hangup = service.Reload;
            try
            {
                await service.RunAsync(cancellation);
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                // A service that is stopped ends well.
            }

            return 0;
        });
        return command;
    }
}
