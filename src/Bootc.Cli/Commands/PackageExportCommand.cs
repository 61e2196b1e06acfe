// bootc package export-containerfile
using System.CommandLine;
using Bootc.Cli.CommandLine;
using Bootc.Deployments;
using Bootc.Layering;

namespace Bootc.Cli.Commands;

internal static class PackageExportCommand
{
    public static Command Create()
    {
        var command = new DocumentedCommand("export-containerfile", "Print the Containerfile of an image that has the packages which this host adds")
        {
            Examples = [("bootc package export-containerfile > Containerfile && podman build -t localhost/os .", "Make an image of what this host is.")],
        };
        command.SetAction(parsed =>
        {
            using Sysroot sysroot = OpenSysroot.ForReading(parsed);
            Deployment deployment = sysroot.Default ?? throw new DeploymentException($"{sysroot.Path} has no deployment");
            Console.Out.Write(Containerfile.Describe(sysroot, deployment));
        });
        return command;
    }
}
