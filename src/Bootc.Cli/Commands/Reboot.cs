// --apply: reboot when something changed.
using Bootc.Deployments;

namespace Bootc.Cli.Commands;

internal static class Reboot
{
    public static void Check(Sysroot sysroot, bool apply)
    {
        if (apply && sysroot.Booted is null)
        {
            throw new DeploymentException($"--apply reboots the running host, and {sysroot.Path} is not what it runs");
        }
    }

    public static int IfAsked(bool apply, OperationOutcome outcome)
    {
        if (apply && outcome == OperationOutcome.Changed)
        {
            Console.Out.WriteLine(SoftReboot.IsPrepared ? "Restarting user space" : "Rebooting");
            HostReboot.Begin();
        }

        return 0;
    }
}
