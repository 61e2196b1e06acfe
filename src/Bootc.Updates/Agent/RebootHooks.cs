// Programs of the host's owner that run before a reboot into an update.
using Bootc.Deployments.Health;

namespace Bootc.Updates.Agent;

/// <summary>The programs in <c>/usr/lib/bootc/pre-reboot.d</c> and <c>/etc/bootc/pre-reboot.d</c>: one that fails puts the reboot off.</summary>
internal static class RebootHooks
{
    /// <summary>Runs them below a root until one fails.</summary>
    /// <exception cref="UpdatesException">One failed; its name and last words are in the message.</exception>
    public static void Run(string root)
    {
        foreach ((string name, string? failure) in ProgramFolder.Run(root, "pre-reboot.d"))
        {
            if (failure is not null)
            {
                throw new UpdatesException($"{name} in pre-reboot.d failed: {failure}");
            }
        }
    }
}
