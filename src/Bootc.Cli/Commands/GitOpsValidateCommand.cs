// bootc gitops validate
using System.CommandLine;
using Bootc.Cli.CommandLine;
using Bootc.Updates.Git;

namespace Bootc.Cli.Commands;

internal static class GitOpsValidateCommand
{
    public static Command Create()
    {
        var folder = new Argument<string>("DIR") { Description = "The folder with the documents, as in a checkout of the repository" };
        var command = new DocumentedCommand("validate", "Check the documents of a repository", folder)
        {
            UsesSysroot = false,
            Details = ["Each fault is told with its file, line and column: those of a document by itself, and those of what the documents make of each host that has one. The exit code is 1 when there are any."],
            Examples = [("bootc gitops validate hosts", "In the continuous integration of the repository.")],
        };
        command.SetAction(parsed =>
        {
            IReadOnlyList<FleetFault> faults = Fleet.Validate(parsed.GetRequiredValue(folder), out Fleet fleet);
            foreach (FleetFault fault in faults)
            {
                Console.Out.WriteLine(fault);
            }

            if (faults.Count > 0)
            {
                return 1;
            }

            Console.Out.WriteLine($"{fleet.HostNames.Count} hosts, {fleet.GroupCount} groups: nothing is wrong");
            return 0;
        });
        return command;
    }
}
