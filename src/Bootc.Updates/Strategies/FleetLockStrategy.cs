// Reboot when a lock manager lets the host.
using Bootc.Updates.FleetLock;

namespace Bootc.Updates.Strategies;

/// <summary>Takes a lock before a reboot, and gives it back when the host is well.</summary>
/// <param name="client">The lock manager.</param>
/// <param name="identity">Who the host is.</param>
public sealed class FleetLockStrategy(FleetLockClient client, FleetLockIdentity identity) : IUpdateStrategy
{
    /// <inheritdoc/>
    public string Name => "fleet_lock";

    /// <inheritdoc/>
    public Task<StrategyVerdict> MayRebootAsync(CancellationToken cancellation) => AskAsync(client.PreRebootAsync(identity, cancellation));

    /// <inheritdoc/>
    public Task<StrategyVerdict> ReportSteadyAsync(CancellationToken cancellation) => AskAsync(client.SteadyStateAsync(identity, cancellation));

    private static async Task<StrategyVerdict> AskAsync(Task request)
    {
        try
        {
            await request.ConfigureAwait(false);
            return StrategyVerdict.Allowed;
        }
        catch (Exception e) when (e is LockRejectedException or HttpRequestException or TimeoutException)
        {
            return new StrategyVerdict(false, e.Message);
        }
    }
}
