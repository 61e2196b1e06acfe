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

    /// <summary>Refuses a change that is to be booted at once on top of an update that waits: whether that may boot, this command is not asked.</summary>
    public static void RefuseWhileUpdateWaits(Sysroot sysroot, bool apply)
    {
        if (apply && sysroot.IsStagedLocked)
        {
            throw new DeploymentException("a downloaded update waits to be released, and the change would wait with it: without --apply, then 'bootc upgrade --from-downloaded --apply' boots both");
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
