// bootc config-diff
using System.CommandLine;
using Bootc.Cli.CommandLine;
using Bootc.Deployments;
using Bootc.Deployments.Etc;
using Bootc.Linux;

namespace Bootc.Cli.Commands;

internal static class ConfigDiffCommand
{
    public static Command Create()
    {
        var command = new DocumentedCommand("config-diff", "List what differs in /etc from the image's defaults")
        {
            Details =
            [
                "M stands for what was changed, D for what was deleted, A for what was added. These changes are carried over when an update gets ready to boot; everything else in /etc follows the image.",
                "The defaults are in /usr/etc. What is listed is that of the running deployment, or, of a sysroot that is not running, of the one that boots next.",
            ],
            Examples = [("bootc config-diff", "What was configured on this host?")],
        };
        command.SetAction(parsed =>
        {
            using Sysroot sysroot = OpenSysroot.ForReading(parsed);
            Deployment deployment = sysroot.Current ?? throw new DeploymentException($"{sysroot.Path} has no deployment");
            using DirectoryHandle root = sysroot.OpenDeployment(deployment);
            EtcDiff diff = EtcDiff.Compare(root);
            Write('M', diff.Modified);
            Write('D', diff.Removed);
            Write('A', diff.Added);
        });
        return command;
    }

    private static void Write(char sign, IReadOnlyList<string> paths)
    {
        foreach (string path in paths)
        {
            Console.Out.WriteLine($"{sign}    {path}");
        }
    }
}
