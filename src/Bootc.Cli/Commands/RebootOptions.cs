// --apply and --soft-reboot: what happens once the next boot is another deployment.
using System.CommandLine;
using Bootc.Cli.CommandLine;
using Bootc.Deployments;

namespace Bootc.Cli.Commands;

/// <summary>The options <c>--apply</c> and <c>--soft-reboot</c>, which several commands share.</summary>
internal sealed class RebootOptions(string applyDescription)
{
    private const string Required = "required";

    /// <summary>Reboot at once.</summary>
    public Option<bool> Apply { get; } = new("--apply") { Description = applyDescription };

    /// <summary>Let the next reboot be one of user space alone.</summary>
    public Option<string?> Soft { get; } = new Option<string?>("--soft-reboot")
    {
        Description = "Let the reboot restart user space alone where kernel and kernel arguments stay the same: auto (otherwise a full one) or required",
        HelpName = "MODE",
    }.OneOf("auto", Required);

    /// <summary>Checks that there is something to reboot.</summary>
    /// <exception cref="DeploymentException">The sysroot is not what runs.</exception>
    public void Check(ParseResult parsed, Sysroot sysroot)
    {
        Reboot.Check(sysroot, parsed.GetValue(Apply));
        if (parsed.GetValue(Soft) is not null && sysroot.Booted is null)
        {
            throw new DeploymentException($"{Soft.Name} is for the running host, and {sysroot.Path} is not what it runs");
        }
    }

    /// <summary>Does what the options ask for after an operation.</summary>
    /// <returns>The exit code.</returns>
    /// <exception cref="DeploymentException">The reboot cannot be prepared or begun.</exception>
    public int Carry(ParseResult parsed, Sysroot sysroot, OperationOutcome outcome)
    {
        bool waits = outcome == OperationOutcome.Unchanged && sysroot is { Staged: not null, IsStagedLocked: false }; // staged by a run before
        if (outcome != OperationOutcome.Changed && !waits)
        {
            return 0;
        }

        if (parsed.GetValue(Soft) is { } mode && sysroot.Default is { } next)
        {
            PrepareSoftReboot(sysroot, next, mode);
        }

        return Reboot.IfAsked(parsed.GetValue(Apply), OperationOutcome.Changed);
    }

    private static void PrepareSoftReboot(Sysroot sysroot, Deployment next, string mode)
    {
        string? obstacle = SoftReboot.FindObstacle(sysroot, next);
        if (obstacle is null)
        {
            SoftReboot.Prepare(sysroot, next);
            Console.Out.WriteLine("The next reboot restarts user space alone");
        }
        else if (mode == Required)
        {
            throw new DeploymentException($"{next.DirectoryName} boots next, but a soft reboot does not reach it: {obstacle}");
        }
        else
        {
            Console.Out.WriteLine($"The next reboot is a full one: {obstacle}");
        }
    }
}
