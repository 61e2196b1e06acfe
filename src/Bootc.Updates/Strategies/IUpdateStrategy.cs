// When a host may reboot into an update.
namespace Bootc.Updates.Strategies;

/// <summary>Says when a host may reboot, and is told when it is well.</summary>
public interface IUpdateStrategy
{
    /// <summary>Its name in settings.</summary>
    string Name { get; }

    /// <summary>The host has an update ready: may it reboot now?</summary>
    Task<StrategyVerdict> MayRebootAsync(CancellationToken cancellation);

    /// <summary>The host is up and well: may it go on and look for updates?</summary>
    Task<StrategyVerdict> ReportSteadyAsync(CancellationToken cancellation);
}
