// bootc fleet-lock pre-reboot and bootc fleet-lock steady-state
using System.CommandLine;
using Bootc.Cli.CommandLine;
using Bootc.Updates;
using Bootc.Updates.FleetLock;

namespace Bootc.Cli.Commands;

internal static class FleetLockClientCommand
{
    public static Command CreatePreReboot() => Create(
        "pre-reboot",
        "Take a lock for this host, so that it may reboot",
        "It fails while all slots of the group are taken. A host that holds a lock already gets it again.",
        (client, identity, cancellation) => client.PreRebootAsync(identity, cancellation));

    public static Command CreateSteadyState() => Create(
        "steady-state",
        "Give this host's lock back, if it holds one",
        "Nothing happens when the host holds no lock.",
        (client, identity, cancellation) => client.SteadyStateAsync(identity, cancellation));

    private static DocumentedCommand Create(string name, string description, string details, Func<FleetLockClient, FleetLockIdentity, CancellationToken, Task> ask)
    {
        var server = new FleetLockCommand.ServerOptions();
        Option<string> group = FleetLockCommand.GroupOption();
        var id = new Option<string?>("--id") { Description = "Who asks; unless given, an identifier made from the machine ID, the same as zincati's", HelpName = "ID" };
        var command = new DocumentedCommand(name, description, [.. server.All, group, id]) { UsesSysroot = false, Details = [details] };
        command.SetAction(async (parsed, cancellation) =>
        {
            using FleetLockClient client = server.Connect(parsed);
            await ask(client, new FleetLockIdentity(parsed.GetValue(id) ?? NodeUuid.OfHost(), parsed.GetRequiredValue(group)), cancellation);
            return 0;
        });
        return command;
    }
}
