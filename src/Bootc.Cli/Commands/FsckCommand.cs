// bootc internals fsck
using System.CommandLine;
using Bootc.Cli.CommandLine;
using Bootc.Cli.Presentation;
using Bootc.Deployments;
using Bootc.Ostree;

namespace Bootc.Cli.Commands;

internal static class FsckCommand
{
    public static Command Create()
    {
        var command = new DocumentedCommand("fsck", "Check the repository and the deployments: every object, image and boot entry")
        {
            Details = ["Nothing is repaired. The exit code is 0 when all is well and 1 when anything is damaged."],
        };
        command.SetAction((parsed, cancellation) =>
        {
            using Sysroot sysroot = OpenSysroot.ForReading(parsed);
            SysrootCheckResult result = SysrootCheck.Run(sysroot, cancellation);
            foreach (string finding in result.Findings)
            {
                Console.Out.WriteLine(finding);
            }

            FsckResult repository = result.Repository;
            Console.Out.WriteLine($"{repository.Objects} objects, {repository.Commits} commits ({repository.PartialCommits} partial), {sysroot.Deployments.Count} deployments checked: {(result.Findings.Count == 0 ? "all is well" : $"{result.Findings.Count} errors")}");
            return Task.FromResult(result.Findings.Count == 0 ? 0 : ErrorReport.FailureCode);
        });
        return command;
    }
}
