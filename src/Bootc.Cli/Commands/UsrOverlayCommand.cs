// bootc usr-overlay
using System.CommandLine;
using Bootc.Cli.CommandLine;
using Bootc.Deployments;
using Bootc.Linux;

namespace Bootc.Cli.Commands;

internal static class UsrOverlayCommand
{
    public static Command Create()
    {
        var readOnly = new Option<bool>("--read-only") { Description = "Let /usr be changed only by who remounts it in a mount namespace of their own" };
        var command = new DocumentedCommand("usr-overlay", "Make /usr writable until the next boot", readOnly)
        {
            UsesSysroot = false,
            Details =
            [
                "An overlay is mounted on /usr, in which anything can be changed to try it out. The image is not touched, and with the next boot all of it is gone.",
                "With --read-only nothing can be changed through it at first; 'unshare -m' and then 'mount -o remount,rw /usr' allow it to one process and its children.",
            ],
            Examples = [("bootc usr-overlay", "Try something out in /usr.")],
        };
        command.Aliases.Add("usroverlay");
        command.SetAction(parsed =>
        {
            if (!CurrentProcess.IsRoot)
            {
                throw new DeploymentException("'bootc usr-overlay' mounts a file system and must be run as root");
            }

            using Sysroot sysroot = Sysroot.Open("/");
            UsrOverlay.Mount(sysroot, parsed.GetValue(readOnly));
            Console.Out.WriteLine(parsed.GetValue(readOnly)
                ? "An overlay is on /usr, read-only so far; what is changed in it is gone with the next boot"
                : "/usr can be changed; the changes are gone with the next boot");
        });
        return command;
    }
}
