// A reboot of user space alone: the next root waits at /run/nextroot, and systemd starts from it without the firmware, the
// boot loader and the kernel.
using System.Diagnostics;
using Bootc.Linux;
using Bootc.Ostree;
using Bootc.Ostree.Objects;

namespace Bootc.Deployments;

/// <summary>
/// Soft reboots of a running host (systemd-soft-reboot.service(8)), recorded as libostree does. What the next soft reboot
/// enters is always what a full reboot would boot: as soon as that is another deployment, the soft reboot is called off.
/// </summary>
public static class SoftReboot
{
    /// <summary>What the initramfs writes of the deployment that it booted.</summary>
    internal const string BootedMarker = "/run/ostree-booted";

    private const string NextRoot = "/run/nextroot";
    private const string NextBootedMarker = "/run/ostree/nextroot-booted";
    private const string StateFolder = "/run/ostree/deployment-state";
    private const string PhysicalRoot = "/sysroot";
    private const string Program = "/usr/lib/bootc/bootc-prepare-root";
    private const string SystemdTarget = "/usr/lib/systemd/system/soft-reboot.target";

    /// <summary>What says which deployment runs: after a soft reboot, until the marker is replaced, that of the root which was entered.</summary>
    internal static string CurrentMarker => File.Exists(NextBootedMarker) && !Mounts.IsMountPoint(NextRoot) ? NextBootedMarker : BootedMarker;

    /// <summary>Whether a soft reboot is prepared.</summary>
    public static bool IsPrepared => File.Exists(NextBootedMarker) && Mounts.IsMountPoint(NextRoot);

    /// <summary>Why user space alone cannot be rebooted into a deployment; <see langword="null"/> when it can.</summary>
    public static string? FindObstacle(Sysroot sysroot, Deployment target)
    {
        if (sysroot.Booted is not { } booted)
        {
            return $"{sysroot.Path} is not what this host runs";
        }

        if (target.Bootcsum != booted.Bootcsum)
        {
            return "its kernel or initramfs is another one";
        }

        if (!WithoutOstree(sysroot, target).SequenceEqual(WithoutOstree(sysroot, booted)))
        {
            return "its kernel arguments are other ones";
        }

        if (!sysroot.Root.Exists($"{target.Path}/{Sysroot.ComposefsImageName}"))
        {
            return "it has no composefs image";
        }

        if (FindSecurityPolicy(sysroot.Repository, target.Commit) != FindSecurityPolicy(sysroot.Repository, booted.Commit))
        {
            return "its SELinux policy is another one";
        }

        return new[] { SystemdTarget, Program }.FirstOrDefault(path => !File.Exists(path)) is { } missing ? $"this system has no {missing}" : null;
    }

    /// <summary>Prepares the root of a deployment, so that the next reboot is one of user space alone.</summary>
    /// <exception cref="DeploymentException">It cannot be entered this way, or its root cannot be made.</exception>
    public static void Prepare(Sysroot sysroot, Deployment target)
    {
        if (FindObstacle(sysroot, target) is { } obstacle)
        {
            throw new DeploymentException($"{target.DirectoryName} cannot be reached by a soft reboot: {obstacle}");
        }

        Mounts.RunInSystemNamespace(() =>
        {
            var start = new ProcessStartInfo(Program, ["--soft-reboot", PhysicalRoot, target.Path]) { RedirectStandardError = true, RedirectStandardOutput = true };
            using Process process = Process.Start(start)!;
            process.StandardOutput.Close();
            string said = process.StandardError.ReadToEnd();
            process.WaitForExit();
            if (process.ExitCode != 0)
            {
                string reason = said.Split('\n')[0].Trim();
                throw new DeploymentException($"the root of {target.DirectoryName} cannot be prepared: {(reason.Length == 0 ? $"exit code {process.ExitCode} of {Program}" : reason.Replace("error: ", "", StringComparison.Ordinal))}");
            }
        });
    }

    /// <summary>Calls a soft reboot off, if one is prepared: the next reboot is a full one.</summary>
    /// <exception cref="LinuxException">The root that was prepared cannot be unmounted.</exception>
    public static void CallOff()
    {
        if (IsPrepared)
        {
            Mounts.RunInSystemNamespace(static () =>
            {
                Mounts.Detach(NextRoot);
                File.Delete(NextBootedMarker);
            });
        }
    }

    /// <summary>Notes that a soft reboot was carried out: the root that was prepared is now the one that runs.</summary>
    /// <returns>Whether there was one.</returns>
    internal static bool Complete(Deployment? booted)
    {
        if (CurrentMarker != NextBootedMarker)
        {
            return false;
        }

        File.Move(NextBootedMarker, BootedMarker, overwrite: true);
        string state = $"{StateFolder}/{booted?.DirectoryName}";
        if (booted is not null && Directory.Exists(state))
        {
            Directory.Delete(state, recursive: true); // such as an overlay on /usr, which did not come along
        }

        return true;
    }

    /// <summary>Calls a soft reboot off that would enter another deployment than this.</summary>
    internal static void CallOffUnless(Sysroot sysroot, Deployment? target)
    {
        if (IsPrepared && !(target is not null && sysroot.IsRecordedIn(NextBootedMarker, target)))
        {
            CallOff();
        }
    }

    private static IEnumerable<string> WithoutOstree(Sysroot sysroot, Deployment deployment) =>
        sysroot.ArgumentsOf(deployment).Where(word => !word.StartsWith("ostree=", StringComparison.Ordinal));

    // The running kernel keeps the policy that it has.
    private static Checksum? FindSecurityPolicy(Repository repository, Checksum commit)
    {
        foreach (DirTreeDirectory directory in repository.OpenTree(commit).TryGetDirectory("usr/etc")?.Directories ?? [])
        {
            if (directory.Name == "selinux")
            {
                return directory.Tree;
            }
        }

        return null;
    }
}
