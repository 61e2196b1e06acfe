// bootc internals health-check
using System.CommandLine;
using Bootc.Cli.CommandLine;
using Bootc.Cli.Presentation;
using Bootc.Deployments;
using Bootc.Deployments.Health;

namespace Bootc.Cli.Commands;

internal static class HealthCheckCommand
{
    public static Command Create()
    {
        var noReboot = new Option<bool>("--no-reboot") { Description = "Let the deployment before boot next, but do not reboot" };
        var command = new DocumentedCommand("health-check", "Check whether the system booted well, and go back to the deployment before if not", noReboot)
        {
            Details =
            [
                "Programs in required.d and wanted.d of /usr/lib/bootc/health.d and /etc/bootc/health.d are run in the order of their names; exit code 0 is a pass. One in /etc takes the place of the one of that name in /usr, and a link to /dev/null there switches it off.",
                "When every required check passes, the running deployment is marked as good. When one fails and the deployment was never good, the deployment before boots next and the system reboots; 'bootc upgrade' does not deploy the failed image again until it changes, or --force is given.",
            ],
        };
        command.SetAction((parsed, cancellation) =>
        {
            using Sysroot sysroot = OpenSysroot.ForWriting(parsed, "internals health-check");
            OperationOutcome outcome = new HealthOperation(sysroot, new PlainProgress()).Run("/", cancellation);
            Reboot.IfAsked(!parsed.GetValue(noReboot), outcome);
            return Task.FromResult(outcome == OperationOutcome.Changed ? ErrorReport.FailureCode : 0);
        });
        return command;
    }
}
