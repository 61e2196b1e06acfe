// Reboot when a lock manager lets the host.
using Bootc.Updates.Agent;
using Bootc.Updates.FleetLock;

namespace Bootc.Updates.Strategies;

/// <summary>Takes a lock before a reboot, and gives it back when the host is well.</summary>
/// <param name="client">The lock manager.</param>
/// <param name="identity">Who the host is.</param>
/// <param name="counters">Count requests and errors; <see langword="null"/> for nobody who asks.</param>
public sealed class FleetLockStrategy(FleetLockClient client, FleetLockIdentity identity, AgentCounters? counters = null) : IUpdateStrategy
{
    /// <inheritdoc/>
    public string Name => "fleet_lock";

    /// <inheritdoc/>
    public Task<StrategyVerdict> MayRebootAsync(CancellationToken cancellation) => AskAsync("pre-reboot", client.PreRebootAsync(identity, cancellation));

    /// <inheritdoc/>
    public Task<StrategyVerdict> ReportSteadyAsync(CancellationToken cancellation) => AskAsync("steady-state", client.SteadyStateAsync(identity, cancellation));

    private async Task<StrategyVerdict> AskAsync(string api, Task request)
    {
        counters?.CountLockRequest(api);
        try
        {
            await request.ConfigureAwait(false);
            return StrategyVerdict.Allowed;
        }
        catch (Exception e) when (e is LockRejectedException or HttpRequestException or TimeoutException)
        {
            counters?.CountLockError(api, (e as LockRejectedException)?.Error.Kind ?? "client_failed_request");
            return new StrategyVerdict(false, e.Message) { IsError = true };
        }
    }
}
