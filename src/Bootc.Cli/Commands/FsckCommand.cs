// bootc internals fsck
using System.CommandLine;
using Bootc.Cli.CommandLine;
using Bootc.Cli.Presentation;
using Bootc.Deployments;
using Bootc.Oci;
using Bootc.Ostree;

namespace Bootc.Cli.Commands;

internal static class FsckCommand
{
    public static Command Create()
    {
        var repair = new Option<bool>("--repair") { Description = "Fetch the layers again that hold damaged objects, and put these right" };
        var command = new DocumentedCommand("fsck", "Check the repository and the deployments: every object, image and boot entry", repair)
        {
            Details =
            [
                "Without --repair nothing is changed. With it, objects are taken anew from the images that are deployed, which must still be where they came from, and damaged composefs images are made anew. Programs that run and files that are open keep what they have until the next boot.",
                "The exit code is 0 when all is well, or was repaired, and 1 when anything is damaged.",
            ],
        };
        command.SetAction(async (parsed, cancellation) =>
        {
            bool repairs = parsed.GetValue(repair);
            using Sysroot sysroot = repairs ? OpenSysroot.ForWriting(parsed, "internals fsck --repair") : OpenSysroot.ForReading(parsed);
            SysrootCheckResult result = SysrootCheck.Run(sysroot, cancellation);
            Write(result, sysroot);
            int left = result.Findings.Count - (repairs && result.Findings.Count > 0 ? await RepairAsync(sysroot, result.Repository, cancellation) : 0);
            return left == 0 ? 0 : ErrorReport.FailureCode;
        });
        return command;
    }

    private static void Write(SysrootCheckResult result, Sysroot sysroot)
    {
        foreach (string finding in result.Findings)
        {
            Console.Out.WriteLine(finding);
        }

        FsckResult repository = result.Repository;
        Console.Out.WriteLine($"{repository.Objects} objects, {repository.Commits} commits ({repository.PartialCommits} partial), {sysroot.Deployments.Count} deployments checked: {(result.Findings.Count == 0 ? "all is well" : $"{result.Findings.Count} errors")}");
    }

    // Returns how many findings do not hold any more.
    private static async Task<int> RepairAsync(Sysroot sysroot, FsckResult found, CancellationToken cancellation)
    {
        RepairResult repaired = await new RepairOperation(sysroot, new OciOptions(), new PlainProgress()).RunAsync(found, cancellation);
        foreach (FsckFinding finding in found.Findings)
        {
            Console.Out.WriteLine($"object {finding.Name}: {(repaired.Objects.Contains(finding.Name) ? "repaired" : "no layer of a deployed image has it")}");
        }

        foreach (Deployment deployment in repaired.Images)
        {
            Console.Out.WriteLine($"deployment {deployment}: its composefs image is repaired");
        }

        return found.Findings.Count(finding => repaired.Objects.Contains(finding.Name)) + repaired.Images.Count;
    }
}
