// bootc fleet-lock list
using System.CommandLine;
using System.Globalization;
using System.Text;
using Bootc.Cli.CommandLine;
using Bootc.Updates.FleetLock;

namespace Bootc.Cli.Commands;

internal static class FleetLockListCommand
{
    public static Command Create()
    {
        var server = new FleetLockCommand.ServerOptions();
        var format = new Option<string?>("--format") { Description = "table (the default) or json", DefaultValueFactory = _ => "table", HelpName = "FORMAT" }.OneOf("table", "json");
        var command = new DocumentedCommand("list", "Show who holds and who waits for a lock", [.. server.All, format])
        {
            UsesSysroot = false,
            Details = ["Hosts that wait are those that asked the lock manager at URL: others may have been told to wait by others on the same store."],
        };
        command.SetAction(async (parsed, cancellation) =>
        {
            using FleetLockClient client = server.Connect(parsed);
            IReadOnlyList<GroupReport> groups = await client.ListAsync(cancellation);
            if (parsed.GetValue(format) == "json")
            {
                Console.Out.WriteLine(Encoding.UTF8.GetString(GroupReport.ToJson(groups)));
                return 0;
            }

            foreach (GroupReport group in groups)
            {
                Console.Out.WriteLine($"{group.Group}: {group.Holders.Count} of {group.TotalSlots} slots taken");
                foreach (HolderReport holder in group.Holders)
                {
                    Console.Out.WriteLine($"  holds  {holder.Id}{(holder.Since is { } since ? $"  since {Show(since)}" : "")}");
                }

                foreach (WaitingReport host in group.Waiting)
                {
                    Console.Out.WriteLine($"  waits  {host.Id}  since {Show(host.Since)}");
                }
            }

            return 0;
        });
        return command;
    }

    private static string Show(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture) + " UTC";
}
