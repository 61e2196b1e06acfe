// Reboot as soon as an update is ready.
namespace Bootc.Updates.Strategies;

/// <summary>Always says yes.</summary>
public sealed class ImmediateStrategy : IUpdateStrategy
{
    /// <inheritdoc/>
    public string Name => "immediate";

    /// <inheritdoc/>
    public Task<StrategyVerdict> MayRebootAsync(CancellationToken cancellation) => Task.FromResult(StrategyVerdict.Allowed);

    /// <inheritdoc/>
    public Task<StrategyVerdict> ReportSteadyAsync(CancellationToken cancellation) => Task.FromResult(StrategyVerdict.Allowed);
}
