// --apply: reboot when something changed.
using System.Diagnostics;
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
        if (!apply || outcome != OperationOutcome.Changed)
        {
            return 0;
        }

        bool isSoft = SoftReboot.IsPrepared;
        string verb = isSoft ? "soft-reboot" : "reboot";
        Console.Out.WriteLine(isSoft ? "Restarting user space" : "Rebooting");
        using Process reboot = Process.Start("systemctl", [verb]);
        reboot.WaitForExit();
        return reboot.ExitCode == 0 ? 0 : throw new DeploymentException($"'systemctl {verb}' exited with {reboot.ExitCode}; reboot to apply the change");
    }
}
