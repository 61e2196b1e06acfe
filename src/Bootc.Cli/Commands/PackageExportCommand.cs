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
        var output = new Option<string?>("--output", "-o") { Description = "Write it into this directory, with the files that it takes", HelpName = "DIR" };
        var command = new DocumentedCommand("export-containerfile", "Print the Containerfile of an image that has the packages and the initramfs which this host adds", output)
        {
            Details = ["Packages that were given to the host as files, and files of /etc that its initramfs has or is made by, are to lie beside the Containerfile: --output writes them there."],
            Examples =
            [
                ("bootc package export-containerfile > Containerfile && podman build -t localhost/os .", "Make an image of what this host is."),
                ("bootc package export-containerfile -o os && podman build -t localhost/os os", "The same, where the image takes files of the host."),
            ],
        };
        command.SetAction(parsed =>
        {
            using Sysroot sysroot = OpenSysroot.ForReading(parsed);
            Deployment deployment = sysroot.Default ?? throw new DeploymentException($"{sysroot.Path} has no deployment");
            if (parsed.GetValue(output) is { } directory)
            {
                BuildContext.Write(sysroot, deployment, Directory.CreateDirectory(directory).FullName);
                return;
            }

            Console.Out.Write(Containerfile.Describe(sysroot, deployment));
            if (Containerfile.TakesFiles(sysroot, deployment))
            {
                Console.Error.WriteLine("note: the Containerfile takes files of this host, which --output DIR writes beside it");
            }
        });
        return command;
    }
}
