// Opens the sysroot that the command line names.
using System.CommandLine;
using Bootc.Cli.Presentation;
using Bootc.Deployments;
using Bootc.Linux;

namespace Bootc.Cli.Commands;

internal static class OpenSysroot
{
    public static Sysroot ForReading(ParseResult parsed)
    {
        Sysroot sysroot = Sysroot.Open(parsed.GetValue(BootcCommand.SysrootOption)!);
        sysroot.Warned = message => ErrorReport.Log($"warning: {message}");
        return sysroot;
    }

    /// <exception cref="DeploymentException">The process is not root.</exception>
    public static Sysroot ForWriting(ParseResult parsed, string command)
    {
        if (!CurrentProcess.IsRoot)
        {
            throw new DeploymentException($"'bootc {command}' changes the sysroot and must be run as root");
        }

        string path = parsed.GetValue(BootcCommand.SysrootOption)!;
        if (path == "/")
        {
            Sysroot.MakeWritableForThisProgram();
        }

        Sysroot sysroot = ForReading(parsed);
        if (!Sysroot.IsOfRunningHost(path))
        {
            return sysroot;
        }

        sysroot.Dispose();
        throw new DeploymentException($"{path} is the sysroot of the running host: leave --sysroot out, so that what runs is known to be in use");
    }
}
