// bootc fleet-lock unlock
using System.CommandLine;
using Bootc.Cli.CommandLine;
using Bootc.Updates.FleetLock;

namespace Bootc.Cli.Commands;

internal static class FleetLockUnlockCommand
{
    public static Command Create()
    {
        var id = new Argument<string>("ID") { Description = "The host, as 'bootc fleet-lock list' shows it" };
        var server = new FleetLockCommand.ServerOptions();
        Option<string> group = FleetLockCommand.GroupOption();
        var token = new Option<string>("--token-file") { Description = "The file with the administrators' token", HelpName = "FILE", Required = true };
        var command = new DocumentedCommand("unlock", "Force the lock open of a host that will not come back", [id, .. server.All, group, token])
        {
            UsesSysroot = false,
            Details = ["Locks have no end of their own: a host that dies while it reboots keeps its lock, so that a bad update stops at the hosts it broke. Open the lock when you know what became of the host."],
            Examples = [("bootc fleet-lock unlock --url https://locks.example.com --group workers --token-file token c988d2509fdf4cdcbed39037c56406fb", "Let the next host reboot.")],
        };
        command.SetAction(async (parsed, cancellation) =>
        {
            using FleetLockClient client = server.Connect(parsed);
            var identity = new FleetLockIdentity(parsed.GetRequiredValue(id), parsed.GetRequiredValue(group));
            await client.ForceUnlockAsync(identity, FleetLockServeCommand.ReadToken(parsed.GetRequiredValue(token)), cancellation);
            Console.Out.WriteLine($"{identity.Id} holds no lock of group {identity.Group} any more");
            return 0;
        });
        return command;
    }
}
