// bootc internals fsck
using System.CommandLine;
using Bootc.Cli.Presentation;
using Bootc.Deployments;
using Bootc.Ostree;

namespace Bootc.Cli.Commands;

internal static class FsckCommand
{
    public static Command Create()
    {
        var command = new Command("fsck", "Check the repository and the deployments: every object, image and boot entry");
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
