// The reboot of the running host.
using System.ComponentModel;
using System.Diagnostics;

namespace Bootc.Deployments;

/// <summary>Reboots the running host: all of it, or user space alone where that was prepared.</summary>
public static class HostReboot
{
    /// <summary>Asks the service manager for the reboot, which shuts everything down in order; returns as soon as it has begun.</summary>
    /// <exception cref="DeploymentException">It refuses, or cannot be asked.</exception>
    public static void Begin()
    {
        string verb = SoftReboot.IsPrepared ? "soft-reboot" : "reboot";
        try
        {
            using Process reboot = Process.Start("systemctl", [verb]);
            reboot.WaitForExit();
            if (reboot.ExitCode != 0)
            {
                throw new DeploymentException($"'systemctl {verb}' exited with {reboot.ExitCode}; reboot to apply the change");
            }
        }
        catch (Win32Exception e)
        {
            throw new DeploymentException($"'systemctl {verb}' cannot be run; reboot to apply the change", e);
        }
    }
}
